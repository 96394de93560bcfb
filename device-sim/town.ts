/** The simulated village: told to go on to a time, it gives all that has arrived from its devices by then. No clock, no I/O. */
import type { Plant, Site } from '../model/plant.ts';
import type { SimFault } from '../model/sim-fault.ts';
import type { TelemetryFrame } from '../model/telemetry.ts';
import { type CounterState, createCounters } from './counters.ts';
import { SAMPLED, type Samples } from './devices/disturbances.ts';
import { createSimDevice, type Values } from './devices/sim-device.ts';
import { SimulatedDeviceError, type Village } from './devices/village.ts';
import { createFaultCheck, type Targets, targetsOf, timed } from './fault-checks.ts';
import { createFaultBoard, type FaultBoard, type Faults, SimulatedFaultError } from './faults.ts';
import { createLighting, type Lighting } from './lighting/lighting.ts';
import { createRoutes } from './links/routes.ts';
import { type Arrival, createTransit } from './links/transit.ts';
import { createLocalHour } from './local-time.ts';
import { createPower, type Power } from './power.ts';
import { createSchedule, type Report, type ScheduleState } from './schedule.ts';
import { createSnapshots } from './snapshots.ts';
import { createTruth, type LeakPeaks, type TruthEvent, type TruthLine } from './truth.ts';
import { createWater } from './water/create-water.ts';
import type { Engine } from './water/epanet.ts';
import type { Water, WaterState } from './water/water.ts';

const HOUR_MS = 3_600_000;

type Frame = TelemetryFrame & { readonly ts?: number; readonly seq?: number; readonly values: Values };

export interface TownMessage {
  readonly site: string;
  readonly device: string;
  /** When it arrives at the broker, village time. */
  readonly atMs: number;
  readonly frame: Frame;
}

/** All that a village remembers, at a full hour of UTC. Plain data, for a file. */
export interface TownSnapshot {
  readonly atMs: number;
  readonly water: WaterState;
  readonly counters: CounterState;
  readonly reported: ScheduleState;
  readonly samples: Samples;
  readonly leakPeaks: LeakPeaks;
}

export interface Town {
  /** All up to here, and what falls on it, has been told. */
  readonly nowMs: number;
  /** The hydraulics, for tests. */
  readonly water: Water;
  /** What arrives later than `nowMs`, up to `untilMs`, in order. `everyAtLeastS` thins the periodic reports, and only those. */
  step(untilMs: number, everyAtLeastS?: number): TownMessage[];
  /** Lives on without telling: all that arrived before a restart, or is too old to be told. */
  skip(untilMs: number): void;
  /** The village as it was at a full hour, the last one that misses nothing that is still on its way. */
  snapshot(): TownSnapshot;
  /**
   * The fault as it stands afterwards. It begins or ends after `nowMs`: one that says `nowMs` is taken as the next
   * instant, and one of water or power as the next step of the hydraulics. Throws SimulatedFaultError.
   */
  put(fault: SimFault): SimFault;
  /** The same without putting it. */
  checked(fault: SimFault): SimFault;
  faults(): readonly SimFault[];
  /** For whoever misbehaves by himself, such as Modbus units. */
  readonly board: Faults;
  /** Ids that a fault may name, by what it befalls. */
  targets(): Targets;
  /** Of every fault that has begun. */
  truth(): readonly TruthLine[];
  /** What began and ended since this was asked last. */
  takeTruth(): readonly TruthEvent[];
  /** What a device's registers hold at `nowMs`, its sensors' faults included: for Modbus. All null where it has no power. */
  values(device: string): Values;
  /** Reports on their way, and those lost because a device's memory was full. */
  links(): { readonly waiting: number; readonly overwritten: number };
}

export interface TownOptions {
  readonly plant: Plant;
  readonly site: string;
  /** Text of the EPANET file. */
  readonly network: string;
  readonly seed: number;
  /** Where the reports begin. A new village starts at the full hour before; one with a snapshot lives on from that. */
  readonly fromMs: number;
  readonly snapshot?: TownSnapshot | undefined;
  /** Known from the beginning, of a scenario or of a village that goes on. Each is checked: SimulatedFaultError. */
  readonly faults?: readonly SimFault[] | undefined;
  /** Shared by many; without it, one of its own. */
  readonly engine?: Engine | undefined;
}

export async function createTown(options: TownOptions): Promise<Town> {
  const { plant, site: siteId, network, seed, fromMs, snapshot, engine } = options;
  const site = plant.sites.get(siteId);
  if (!site) throw new SimulatedDeviceError(`"${siteId}" is not among the sites`);
  const beginMs = snapshot?.atMs ?? Math.floor(fromMs / HOUR_MS) * HOUR_MS;
  const localHour = createLocalHour(site.timeZone);
  const faults = createFaultBoard(options.faults);
  const power = createPower(faults, site.id);
  const common = { plant, site, seed, localHour, faults, power };
  const water = await createWater({ ...common, inp: network, fromMs: beginMs, state: snapshot?.water, engine });
  const lighting = createLighting(common);
  const town = runTown({ plant, site, seed, beginMs, snapshot, water, lighting, faults, power });
  town.skip(fromMs);
  return town;
}

interface Parts {
  readonly plant: Plant;
  readonly site: Site;
  readonly seed: number;
  readonly beginMs: number;
  readonly snapshot: TownSnapshot | undefined;
  readonly water: Water;
  readonly lighting: Lighting;
  readonly faults: FaultBoard;
  readonly power: Power;
}

function runTown(parts: Parts): Town {
  const { plant, site, seed, beginMs, water, lighting, faults } = parts;
  const targets = targetsOf(parts);
  const check = createFaultCheck(parts, targets);
  expectPossible(parts, check);
  const counters = createCounters({ lighting, water, saved: parts.snapshot?.counters });
  const samples: Samples = structuredClone(parts.snapshot?.samples ?? {});
  const village: Village = { ...parts, counters };
  const devices = [...plant.devices.values()]
    .filter((device) => device.site === site.id)
    .map((device, index) => createSimDevice(device, index, { ...village, samples }));
  const byId = new Map(devices.map((each) => [each.device.id as string, each]));
  const schedule = createSchedule(devices, parts.snapshot?.reported);
  const route = createRoutes(faults, site.id, seed);
  const transit = createTransit<Frame>(route);
  const truth = createTruth({ site: site.id, faults, water, peaks: parts.snapshot?.leakPeaks });
  const snapshots = createSnapshots(takeSnapshot());
  const events: TruthEvent[] = [];
  // What happens at the very first instant has been told by nobody.
  let nowMs = beginMs - 1;

  function takeSnapshot(): TownSnapshot {
    return {
      atMs: water.toMs,
      water: water.endState(),
      counters: counters.state(),
      reported: schedule.state(),
      samples: structuredClone(samples),
      leakPeaks: truth.peaks(),
    };
  }

  function advance(): void {
    counters.settle();
    if (water.toMs % HOUR_MS === 0 && water.toMs > beginMs) snapshots.add(takeSnapshot());
    water.advance();
    truth.noteSegment();
    schedule.begin(water.fromMs);
  }

  /** What a fault holds on to is measured when it begins, whoever asks. */
  function sample(untilMs: number): void {
    for (const atMs of faults.changesIn(SAMPLED, nowMs + 1, untilMs + 1)) {
      for (const kind of SAMPLED) {
        for (const fault of faults.actingAnywhere(kind, atMs)) byId.get(fault.target)?.measure(atMs);
      }
    }
  }

  /** When something may have changed that is told at once. */
  function changesAt(untilMs: number): number[] {
    const times = new Set([
      ...lighting.switchedIn(water.fromMs, untilMs + 1),
      ...faults.timesIn(nowMs + 1, untilMs + 1),
    ]);
    if (water.isSwitched) times.add(water.fromMs);
    return [...times].filter((atMs) => atMs > nowMs && atMs <= untilMs).sort((a, b) => a - b);
  }

  /** Goes on to a time, segment by segment. */
  function live(untilMs: number, everyAtLeastS: number, send: (report: Report) => void): void {
    while (nowMs < untilMs) {
      if (nowMs + 1 >= water.toMs) advance();
      const endMs = Math.min(untilMs, water.toMs - 1);
      sample(endMs);
      events.push(...truth.events(nowMs, endMs));
      const asked = { afterMs: nowMs, untilMs: endMs, changesAt: changesAt(endMs), everyAtLeastS };
      for (const report of schedule.reports(asked)) send(report);
      nowMs = endMs;
    }
  }

  /** All that arrives up to a time; what arrives later is kept on its way. */
  function arrivals(untilMs: number, everyAtLeastS: number, isTold: boolean): Arrival<Frame>[] {
    const arrived: Arrival<Frame>[] = [];
    live(untilMs, everyAtLeastS, (report) => {
      const { device, atMs: sentMs } = report;
      const times = route(device, sentMs);
      const isLater = times.some((atMs) => atMs > untilMs);
      if (!isTold && !isLater) return;
      const what = toFrame(report);
      for (const atMs of times) if (atMs <= untilMs) arrived.push({ atMs, sentMs, device, what });
      if (isLater) transit.add({ sentMs, device, what, times: times.filter((atMs) => atMs > untilMs) });
    });
    for (const arrival of transit.take(untilMs, faults.revision)) arrived.push(arrival);
    return arrived.sort(inOrder);
  }

  function checked(fault: SimFault): SimFault {
    const before = faults.all().find(({ id }) => id === fault.id);
    const wrong = before === undefined ? check(fault) : check(fault, isSameSize(fault, before));
    if (wrong !== null) throw new SimulatedFaultError(fault, wrong);
    return timed(fault, before, { nowMs, waterToMs: water.toMs });
  }

  return {
    get nowMs() {
      return nowMs;
    },
    water,
    step: (untilMs, everyAtLeastS = 0) =>
      arrivals(untilMs, everyAtLeastS, true).map(({ atMs, device: { device }, what }) => ({
        site: device.site,
        device: device.id,
        atMs,
        frame: what,
      })),
    skip(untilMs) {
      arrivals(untilMs, 0, false);
    },
    snapshot: () => snapshots.before(Math.min(nowMs + 1, transit.oldestMs())),
    put(fault) {
      const put = checked(fault);
      faults.put(put);
      return put;
    },
    checked,
    faults: faults.all,
    board: faults,
    targets: () => targets,
    truth: () => truth.lines(nowMs),
    takeTruth: () => events.splice(0),
    values(id) {
      const device = byId.get(id);
      if (!device) return {};
      if (device.isAnswering(nowMs)) return device.measure(nowMs);
      return Object.fromEntries([...device.device.metrics.keys()].map((metric) => [metric, null]));
    },
    links: () => ({ waiting: transit.waiting, overwritten: transit.overwritten }),
  };
}

/** Faults of a scenario, or of a village that goes on: those were checked in the village as it was when they were put. */
function expectPossible({ faults, snapshot, beginMs }: Parts, check: ReturnType<typeof createFaultCheck>): void {
  for (const fault of faults.all()) {
    const wrong = check(fault, snapshot !== undefined);
    if (wrong !== null) throw new SimulatedFaultError(fault, wrong);
    if (!snapshot && fault.fromMs < beginMs) {
      throw new SimulatedFaultError(fault, `it would begin before the village (${new Date(beginMs).toISOString()})`);
    }
  }
}

function toFrame({ device, atMs, seq }: Report): Frame {
  const ts = device.clock(atMs);
  return {
    ...(ts === null ? {} : { ts }),
    ...(seq === null ? {} : { seq }),
    values: device.measure(atMs),
  };
}

function inOrder(a: Arrival<unknown>, b: Arrival<unknown>): number {
  return a.atMs - b.atMs || a.sentMs - b.sentMs || a.device.index - b.device.index;
}

function isSameSize(a: SimFault, b: SimFault): boolean {
  return a.kind === b.kind && a.target === b.target && JSON.stringify(a.sizes) === JSON.stringify(b.sizes);
}

/** The simulated village: told to go on to a time, it gives all that its devices have sent by then. No clock, no I/O. */
import type { Device, Plant, Site } from '../model/plant.ts';
import type { TelemetryFrame } from '../model/telemetry.ts';
import { createReads, type Read, SimulatedDeviceError, type Village } from './devices.ts';
import { createLighting, type Lighting } from './lighting.ts';
import { createLocalHour } from './local-time.ts';
import { noiseKey, uniform } from './noise.ts';
import { createWater, type Water, type WaterState } from './water.ts';

const HOUR_MS = 3_600_000;

/** By metric. */
type Values = Readonly<Record<string, number | boolean>>;

export interface TownMessage {
  readonly site: string;
  readonly device: string;
  readonly frame: TelemetryFrame & { readonly ts: number; readonly values: Values };
}

/** All that a village remembers, at a full hour of UTC. Plain data, for a file. */
export interface TownSnapshot {
  readonly atMs: number;
  readonly water: WaterState;
  /** Energy of each cabinet since the village began. */
  readonly cabinetWh: Readonly<Record<string, number>>;
  /** What each device last told of its on-change metrics. */
  readonly told: Readonly<Record<string, Values>>;
}

export interface Town {
  /** All up to here, and what falls on it, has been told. */
  readonly nowMs: number;
  /** The hydraulics, for tests and later for faults. */
  readonly water: Water;
  /** Reports later than `nowMs`, up to `untilMs`, in time order. `everyAtLeastS` thins the periodic ones, and only those. */
  step(untilMs: number, everyAtLeastS?: number): TownMessage[];
  /** Lives on without a report: all that was sent before a restart, or is too old to be told. */
  skip(untilMs: number): void;
  /** The village as it was at the last full hour. */
  snapshot(): TownSnapshot;
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
}

export async function createTown(options: TownOptions): Promise<Town> {
  const { plant, site: siteId, network, seed, fromMs, snapshot } = options;
  const site = plant.sites.get(siteId);
  if (!site) throw new SimulatedDeviceError(`"${siteId}" is not among the sites`);
  const beginMs = snapshot?.atMs ?? Math.floor(fromMs / HOUR_MS) * HOUR_MS;
  const localHour = createLocalHour(site.timeZone);
  const water = await createWater({ inp: network, fromMs: beginMs, state: snapshot?.water, seed, localHour });
  const lighting = createLighting({ plant, site, seed, localHour });
  const town = runTown({ plant, site, seed, beginMs, snapshot, water, lighting });
  town.skip(fromMs);
  return town;
}

interface SimDevice {
  readonly device: Device;
  readonly everyMs: number;
  readonly phaseMs: number;
  readonly reads: readonly (readonly [string, Read])[];
  readonly onChange: readonly (readonly [string, Read])[];
  /** Null until it is first known. */
  told: Values | null;
}

interface Report {
  readonly ts: number;
  readonly device: SimDevice;
}

interface Parts {
  readonly plant: Plant;
  readonly site: Site;
  readonly seed: number;
  readonly beginMs: number;
  readonly snapshot: TownSnapshot | undefined;
  readonly water: Water;
  readonly lighting: Lighting;
}

function runTown({ plant, site, seed, beginMs, snapshot, water, lighting }: Parts): Town {
  const cabinetWh = new Map<string, number>(Object.entries(snapshot?.cabinetWh ?? {}));
  const village: Village = { plant, water, lighting, seed, cabinetKwh };
  const devices = [...plant.devices.values()]
    .filter((device) => device.site === site.id)
    .map((device) => toSimDevice(device, village));
  const cabinets = new Set(plant.circuits.filter((c) => c.site === site.id).map((c) => c.cabinet));
  let latest: TownSnapshot = takeSnapshot();
  // What happens at the very first instant has been told by nobody.
  let nowMs = beginMs - 1;

  function cabinetKwh(cabinet: string, atMs: number): number {
    return ((cabinetWh.get(cabinet) ?? 0) + lighting.energyWh(cabinet, water.fromMs, atMs)) / 1000;
  }

  function takeSnapshot(): TownSnapshot {
    return {
      atMs: water.toMs,
      water: water.endState(),
      cabinetWh: Object.fromEntries(cabinetWh),
      told: Object.fromEntries(devices.flatMap(({ device, told }) => (told ? [[device.id, told]] : []))),
    };
  }

  function advance(): void {
    for (const id of cabinets) {
      cabinetWh.set(id, (cabinetWh.get(id) ?? 0) + lighting.energyWh(id, water.fromMs, water.toMs));
    }
    if (water.toMs % HOUR_MS === 0) latest = takeSnapshot();
    water.advance();
    for (const device of devices) device.told ??= onChangeValues(device, water.fromMs);
  }

  /** Who tells a change within the present segment, later than `nowMs` and up to `untilMs`. */
  function changes(untilMs: number): Report[] {
    return changesIn(water, lighting)
      .filter((ts) => ts > nowMs && ts <= untilMs)
      .flatMap((ts) => devices.filter((device) => tellsChange(device, ts)).map((device) => ({ ts, device })));
  }

  /** Whose turn it is within the present segment, later than `nowMs` and up to `untilMs`. */
  function turns(untilMs: number, everyAtLeastS: number): Report[] {
    const lastMs = Math.min(untilMs, water.toMs - 1);
    const reports: Report[] = [];
    for (const device of devices) {
      const everyMs = thinned(device.everyMs, everyAtLeastS);
      for (let ts = nextSlot(device, nowMs, everyMs); ts <= lastMs; ts += everyMs) reports.push({ ts, device });
    }
    return reports;
  }

  function live(untilMs: number, tell: (changed: Report[]) => void): void {
    while (nowMs < untilMs) {
      if (nowMs + 1 >= water.toMs) advance();
      tell(changes(untilMs));
      nowMs = Math.min(untilMs, water.toMs - 1);
    }
  }

  return {
    get nowMs() {
      return nowMs;
    },
    water,
    step(untilMs, everyAtLeastS = 0) {
      const messages: TownMessage[] = [];
      live(untilMs, (changed) => {
        for (const report of merged(changed, turns(untilMs, everyAtLeastS))) messages.push(toMessage(report));
      });
      return messages;
    },
    skip(untilMs) {
      live(untilMs, () => {});
    },
    snapshot: () => latest,
  };

  function toSimDevice(device: Device, of: Village): SimDevice {
    const reads = [...createReads(device, of)];
    const seconds = Math.floor(uniform(noiseKey(seed, `phase/${device.id}`), 0) * device.everyS);
    return {
      device,
      everyMs: device.everyS * 1000,
      phaseMs: seconds * 1000,
      reads,
      onChange: reads.filter(([metric]) => device.metrics.get(metric)?.reporting === 'on-change'),
      told: snapshot?.told[device.id] ?? null,
    };
  }
}

/** When something may have changed that is told at once. */
function changesIn(water: Water, lighting: Lighting): number[] {
  const times = lighting.switchedIn(water.fromMs, water.toMs);
  if (water.isSwitched && times[0] !== water.fromMs) times.unshift(water.fromMs);
  return times;
}

/** Whether one of its on-change values is another than it last told; it is told then. */
function tellsChange(device: SimDevice, ts: number): boolean {
  const now = onChangeValues(device, ts);
  const isChanged = device.onChange.some(([metric]) => now[metric] !== device.told?.[metric]);
  if (isChanged) device.told = now;
  return isChanged;
}

function onChangeValues({ onChange }: SimDevice, ts: number): Values {
  return Object.fromEntries(onChange.map(([metric, read]) => [metric, read(ts)]));
}

function thinned(everyMs: number, everyAtLeastS: number): number {
  return everyMs * Math.max(1, Math.ceil((everyAtLeastS * 1000) / everyMs));
}

/** A thinned report is one of the usual ones, so that both say the same of the same time. */
function nextSlot(device: SimDevice, afterMs: number, everyMs: number): number {
  return device.phaseMs + Math.ceil((afterMs + 1 - device.phaseMs) / everyMs) * everyMs;
}

/** In time order; a device whose turn it is anyway tells its change in one report. */
function merged(changed: readonly Report[], turns: readonly Report[]): Report[] {
  const others = changed.filter(({ ts, device }) => !turns.some((t) => t.ts === ts && t.device === device));
  return [...others, ...turns].sort((a, b) => a.ts - b.ts);
}

function toMessage({ ts, device: { device, reads } }: Report): TownMessage {
  const values: Record<string, number | boolean> = {};
  for (const [metric, read] of reads) values[metric] = read(ts);
  return { site: device.site, device: device.id, frame: { ts, values } };
}

/**
 * The water of the village: EPANET's hydraulics, step by step, and all that is counted of it.
 * EPANET starts anew each hour of UTC from levels and states alone, so that a snapshot at the hour is all there is to
 * know, and a restarted village flows on exactly as one that never stopped. It starts anew also where a pipe begins or
 * ceases to leak.
 */
import type { SimFault } from '../../model/sim-fault.ts';
import type { Faults } from '../faults.ts';
import { type Check, type Targets, targetsOf } from './check.ts';
import type { Chlorine, ChlorineState } from './chlorine.ts';
import type { CounterState, Counters, PumpCounts, Running } from './counters.ts';
import type { FileTime } from './file-time.ts';
import type { Holds } from './holds.ts';
import type { HouseholdState } from './households.ts';
import type { Hydraulics, LinkState } from './hydraulics.ts';
import type { LeakState, Leaks } from './leaks.ts';
import type { Demand } from './network-file.ts';
import type { Taking } from './taking.ts';

const HOUR_MS = 3_600_000;
/** Kinds that change something in the network at once. */
const SWITCHING: ReadonlySet<string> = new Set([
  ...['burst', 'leak', 'hydrant', 'pump-failure', 'valve-closed', 'valve-open', 'well-falls', 'power-cut'],
]);

/** All that the water remembers at a full hour. Plain data. */
export interface WaterState extends CounterState {
  readonly levelM: Readonly<Record<string, number>>;
  readonly links: Readonly<Record<string, LinkState>>;
  readonly leaks: Readonly<Record<string, LeakState>>;
  readonly households: HouseholdState;
  readonly chlorine: ChlorineState;
}

/** Of the present segment. */
interface WaterBalance {
  readonly suppliedM3: number;
  readonly consumedM3: number;
  /** From holes, joints, and over the brim of a tank. */
  readonly leakedM3: number;
  /** In tanks; negative where they fall. */
  readonly storedM3: number;
}

export interface Water {
  readonly network: {
    readonly nodes: ReadonlyMap<string, unknown>;
    readonly links: ReadonlyMap<string, unknown>;
    readonly tanks: readonly string[];
    readonly pumps: readonly string[];
    readonly demands: readonly Demand[];
    /** Of all pipes, m. */
    readonly pipeLengthM: number;
  };
  readonly fromMs: number;
  readonly toMs: number;
  /** Whether a pump or valve was switched at `fromMs`. */
  readonly isSwitched: boolean;
  /** Goes on to the next segment. */
  advance(): void;
  /** State at `toMs`, before anything is switched then; a village can go on from it where that is a full hour. */
  endState(): WaterState;
  /** These are true within the segment: from `fromMs` to before `toMs`. */
  levelM(tank: string, atMs: number): number;
  pressureM(node: string): number;
  headM(node: string): number;
  flowM3h(link: string): number;
  volumeM3(link: string, atMs: number): number;
  isOpen(link: string): boolean;
  pumpKw(pump: string): number;
  pump(pump: string, atMs: number): PumpCounts;
  chlorineMgL(node: string): number;
  /** Of a fault; 0 where it does not leak now. */
  leakFlowM3h(fault: string): number;
  leakVolumeM3(fault: string, atMs: number): number;
  balance(): WaterBalance;
  targets(): Targets;
  /** Null, or what is wrong with a fault, in one sentence. The same at any time. */
  check(fault: SimFault): string | null;
}

/** A time in which nothing is switched and flows are constant: a step, or less where a level or a fault switches something. */
interface Segment {
  readonly fromMs: number;
  readonly toMs: number;
  /** m3/h and m, in the file's order. */
  readonly flows: readonly number[];
  readonly headsM: readonly number[];
  readonly pumpKw: ReadonlyMap<string, number>;
  readonly open: ReadonlyMap<string, boolean>;
  /** Found out where somebody asks, while the segment lasts. */
  readonly balance: () => WaterBalance;
}

export interface WaterParts {
  readonly hydraulics: Hydraulics;
  readonly faults: Faults;
  readonly fileTime: FileTime;
  readonly fromMs: number;
  readonly stepS: number;
  /** At `fromMs`. */
  readonly levelM: Readonly<Record<string, number>>;
  readonly holds: Holds;
  readonly taking: Taking;
  readonly leaks: Leaks;
  readonly counters: Counters;
  readonly chlorine: Chlorine;
  readonly check: Check;
}

export function runWater(parts: WaterParts): Water {
  const { hydraulics, holds, taking, leaks, counters, chlorine } = parts;
  const { file } = hydraulics;
  const nodeAt = placesOf(file.nodes);
  const linkAt = placesOf(file.links);
  const inFile = hydraulics.initial().links;
  const isOpenInFile = (link: string): boolean => inFile[link]?.status !== 0;
  let { levelM } = parts;
  let levelAfterM = levelM;
  let leaking: string | null = null;
  let isSwitched = false;
  let segment = beforeAll(parts);

  function beginRun(atMs: number): void {
    const splits = leaks.pipes(atMs);
    const key = splits.join(' ');
    if (atMs % HOUR_MS !== 0 && key === leaking) return;
    leaking = key;
    hydraulics.begin({ splits, levelM, links: holds.states() });
    hydraulics.setClock(parts.fileTime, atMs);
    holds.begin();
    taking.begin();
  }

  function solve(atMs: number): void {
    beginRun(atMs);
    taking.apply(atMs);
    holds.apply(atMs);
    leaks.open(hydraulics, atMs);
    hydraulics.solve();
    leaks.note(hydraulics);
    const solved = readSolution();
    const passedS = hydraulics.next(stepFrom(atMs, parts));
    const toMs = atMs + passedS * 1000;
    taking.settle(passedS);
    holds.follow(atMs, toMs);
    const tanks = hydraulics.tanks();
    chlorine.flow({ ...solved, fromMs: atMs, toMs, tankM3: (id) => tanks.get(id)?.volumeM3 ?? 0 });
    levelAfterM = mapKeys(file.tanks, (id) => hydraulics.level(id));
    const balance = () => balanceOf(hydraulics, passedS);
    segment = { ...solved, fromMs: atMs, toMs, balance };
  }

  function readSolution(): Omit<Segment, 'fromMs' | 'toMs' | 'balance'> {
    const open = new Map([...segment.open.keys(), ...holds.links()].map((id) => [id, holds.isOpen(id)]));
    isSwitched = false;
    for (const [id, isOpen] of open) {
      if ((segment.open.get(id) ?? isOpenInFile(id)) === isOpen) continue;
      isSwitched = true;
      if (isOpen) counters.start(id);
    }
    return {
      flows: hydraulics.flows(),
      headsM: hydraulics.heads(),
      pumpKw: new Map(file.pumps.map((id) => [id, open.get(id) ? hydraulics.pumpKw(id) : 0])),
      open,
    };
  }

  const running = (id: string): Running => ({
    isOpen: segment.open.get(id) ?? false,
    flowM3h: water.flowM3h(id),
    kW: water.pumpKw(id),
  });

  /** Counters and levels as at the end of the segment. */
  function settle(): void {
    const passedMs = segment.toMs - segment.fromMs;
    counters.settle(segment.flows, running, passedMs);
    leaks.settle(passedMs);
    levelM = levelAfterM;
  }

  const water: Water = {
    network: file,
    get fromMs() {
      return segment.fromMs;
    },
    get toMs() {
      return segment.toMs;
    },
    get isSwitched() {
      return isSwitched;
    },
    advance() {
      settle();
      solve(segment.toMs);
    },
    endState() {
      const passedMs = segment.toMs - segment.fromMs;
      return {
        ...counters.state(segment.flows, running, passedMs),
        levelM: { ...levelAfterM },
        links: holds.states(),
        leaks: leaks.state(passedMs),
        households: taking.state(),
        chlorine: chlorine.state(),
      };
    },
    levelM(id, atMs) {
      const from = levelM[id] ?? 0;
      const share = segment.toMs > segment.fromMs ? (atMs - segment.fromMs) / (segment.toMs - segment.fromMs) : 0;
      return from + ((levelAfterM[id] ?? 0) - from) * share;
    },
    pressureM: (id) => water.headM(id) - (file.nodes.get(id)?.elevationM ?? 0),
    headM: (id) => segment.headsM[nodeAt(id)] ?? 0,
    flowM3h: (id) => segment.flows[linkAt(id)] ?? 0,
    volumeM3: (id, atMs) => counters.volumeM3(linkAt(id), water.flowM3h(id), atMs - segment.fromMs),
    isOpen: (id) => segment.open.get(id) ?? holds.isOpen(id),
    pumpKw: (id) => segment.pumpKw.get(id) ?? 0,
    pump: (id, atMs) => counters.pump(id, running(id), atMs - segment.fromMs),
    chlorineMgL: (id) => chlorine.mgL(id),
    leakFlowM3h: (id) => leaks.flowM3h(id),
    leakVolumeM3: (id, atMs) => leaks.volumeM3(id, atMs - segment.fromMs),
    balance: () => segment.balance(),
    targets: () => targetsOf(file),
    check: parts.check,
  };
  return water;
}

function beforeAll({ fromMs, holds }: WaterParts): Segment {
  return {
    ...{ fromMs, toMs: fromMs, flows: [], headsM: [], pumpKw: new Map() },
    open: holds.standing(fromMs - 1),
    balance: () => ({ suppliedM3: 0, consumedM3: 0, leakedM3: 0, storedM3: 0 }),
  };
}

/** To the next full step, or to where a fault begins or ends, in whole seconds. */
function stepFrom(atMs: number, { faults, stepS }: WaterParts): number {
  const stepMs = stepS * 1000;
  const fullMs = (Math.floor(atMs / stepMs) + 1) * stepMs;
  const [next = fullMs] = faults.changesIn(SWITCHING, atMs + 1, fullMs);
  return Math.ceil((next - atMs) / 1000);
}

function balanceOf(hydraulics: Hydraulics, passedS: number): WaterBalance {
  const { supplied, taken, lost } = hydraulics.totals();
  const hours = passedS / 3600;
  let storedM3 = 0;
  let leakedM3 = lost * hours;
  for (const tank of hydraulics.tanks().values()) {
    storedM3 += tank.storedM3;
    leakedM3 += tank.spilledM3;
  }
  return { suppliedM3: supplied * hours, consumedM3: taken * hours, leakedM3, storedM3 };
}

function placesOf(of: ReadonlyMap<string, unknown>): (id: string) => number {
  const places = new Map([...of.keys()].map((id, i) => [id, i]));
  return (id) => places.get(id) ?? -1;
}

function mapKeys<T>(keys: readonly string[], value: (key: string) => T): Record<string, T> {
  return Object.fromEntries(keys.map((key) => [key, value(key)]));
}

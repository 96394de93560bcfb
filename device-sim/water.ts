/**
 * The water of the village: EPANET's hydraulics, minute by minute, and the counters of meters and pumps.
 * EPANET starts anew each hour of UTC from levels and states alone, so that a snapshot at the hour is all there is to
 * know, and a restarted village flows on exactly as one that never stopped.
 */
import { type DemandContext, demandMultiplier } from './demand.ts';
import { beginRun, LINK, type Network, NODE, openNetwork, setInitialLevel, setInitiallyOpen } from './epanet.ts';

const HOUR_MS = 3_600_000;
const STEP_S = 60;
const STEPS_AN_HOUR = HOUR_MS / 1000 / STEP_S;
/** The borehole's water falls by 0.38 m for each m3/h drawn, and takes some 12 min to follow. */
const DRAWDOWN_M_PER_M3H = 0.38;
const DRAWDOWN_TAU_S = 720;

/** What a pump's controller counts, since the village began. */
interface PumpCounts {
  readonly runS: number;
  readonly starts: number;
  readonly kWh: number;
  readonly drawdownM: number;
}

/** All that the water remembers at a full hour. Plain data. */
export interface WaterState {
  readonly levelM: Readonly<Record<string, number>>;
  readonly isOpen: Readonly<Record<string, boolean>>;
  readonly volumeM3: Readonly<Record<string, number>>;
  readonly pumps: Readonly<Record<string, PumpCounts>>;
}

/** A time in which nothing is switched and flows are constant: a minute, or less where a tank's level switches something. */
interface Segment {
  readonly fromMs: number;
  readonly toMs: number;
  /** m3/h and m, in EPANET's order. */
  readonly flows: readonly number[];
  readonly pressuresM: readonly number[];
  readonly pumpKw: readonly number[];
}

export interface Water {
  readonly network: Network;
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
  flowM3h(link: string): number;
  volumeM3(link: string, atMs: number): number;
  isOpen(link: string): boolean;
  pumpKw(pump: string): number;
  pump(pump: string, atMs: number): PumpCounts;
}

export interface WaterOptions extends Omit<DemandContext, 'patternStepS'> {
  readonly inp: string;
  /** A full hour of UTC. */
  readonly fromMs: number;
  readonly state?: WaterState | undefined;
}

export async function createWater({ inp, fromMs, state, ...context }: WaterOptions): Promise<Water> {
  const network = await openNetwork(inp, { runS: HOUR_MS / 1000, stepS: STEP_S });
  return runWater(network, demandFiller(network, context), { fromMs, state });
}

/** Fills the demands' patterns for the hour that begins. */
function demandFiller(network: Network, context: Omit<DemandContext, 'patternStepS'>): (hourMs: number) => void {
  const demands = network.demands.map((demand) => ({
    pattern: demand.pattern,
    multiplier: demandMultiplier(demand, { ...context, patternStepS: network.patternStepS }),
  }));
  const values = new Array<number>(STEPS_AN_HOUR).fill(0);
  return (hourMs) => {
    for (const { pattern, multiplier } of demands) {
      for (let i = 0; i < STEPS_AN_HOUR; i++) values[i] = multiplier(hourMs + i * STEP_S * 1000);
      network.toolkit.setPattern(pattern, values);
    }
  };
}

function runWater(
  network: Network,
  fillDemands: (hourMs: number) => void,
  start: { fromMs: number; state: WaterState | undefined },
): Water {
  const { toolkit, nodes, links, tanks, pumps, switched } = network;
  const nodeAt = (id: string): number => (nodes.get(id) ?? 0) - 1;
  const linkAt = (id: string): number => (links.get(id) ?? 0) - 1;
  const begin = beginState(network, start.state);
  const level = { ...begin.levelM };
  const levelAfter = { ...begin.levelM };
  const open = { ...begin.isOpen };
  const volume = { ...begin.volumeM3 };
  const counts = { ...begin.pumps };
  let isSwitched = false;
  let segment: Segment = { fromMs: start.fromMs, toMs: start.fromMs, flows: [], pressuresM: [], pumpKw: [] };

  function beginHour(): void {
    for (const id of tanks) setInitialLevel(network, id, level[id] ?? 0);
    for (const id of switched) setInitiallyOpen(network, id, open[id] ?? true);
    fillDemands(segment.toMs);
    beginRun(toolkit);
  }

  function solve(): void {
    toolkit.runH();
    const flows = toolkit.getLinkValues(LINK.flow);
    const pressuresM = toolkit.getNodeValues(NODE.pressure);
    const pumpKw = pumps.map((id) => toolkit.getLinkValue(linkAt(id) + 1, LINK.energyKw));
    isSwitched = false;
    for (const id of switched) switchTo(id, toolkit.getLinkValue(linkAt(id) + 1, LINK.status) !== 0);
    const stepS = toolkit.nextH();
    // A tank's "pressure" is its level; it has moved on by now.
    for (const id of tanks) levelAfter[id] = toolkit.getNodeValue(nodeAt(id) + 1, NODE.pressure);
    segment = { fromMs: segment.toMs, toMs: segment.toMs + stepS * 1000, flows, pressuresM, pumpKw };
  }

  function switchTo(id: string, isOpen: boolean): void {
    if (open[id] === isOpen) return;
    isSwitched = true;
    open[id] = isOpen;
    const count = counts[id];
    if (isOpen && count) counts[id] = { ...count, starts: count.starts + 1 };
  }

  /** Counters as at the end of the segment. */
  function settle(): void {
    const end = water.endState();
    Object.assign(level, end.levelM);
    Object.assign(volume, end.volumeM3);
    Object.assign(counts, end.pumps);
  }

  const water: Water = {
    network,
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
      if (segment.toMs % HOUR_MS === 0) beginHour();
      solve();
    },
    endState: () => ({
      levelM: { ...levelAfter },
      isOpen: { ...open },
      volumeM3: mapKeys(Object.keys(volume), (id) => water.volumeM3(id, segment.toMs)),
      pumps: mapKeys(pumps, (id) => water.pump(id, segment.toMs)),
    }),
    levelM(id, atMs) {
      const from = level[id] ?? 0;
      return from + ((levelAfter[id] ?? 0) - from) * ((atMs - segment.fromMs) / (segment.toMs - segment.fromMs));
    },
    pressureM: (id) => segment.pressuresM[nodeAt(id)] ?? 0,
    flowM3h: (id) => segment.flows[linkAt(id)] ?? 0,
    volumeM3(id, atMs) {
      return (volume[id] ?? 0) + (Math.max(0, water.flowM3h(id)) * (atMs - segment.fromMs)) / HOUR_MS;
    },
    isOpen: (id) => open[id] ?? true,
    pumpKw: (id) => (open[id] ? (segment.pumpKw[pumps.indexOf(id)] ?? 0) : 0),
    pump(id, atMs) {
      const before = counts[id] ?? NEW_PUMP;
      const passedS = (atMs - segment.fromMs) / 1000;
      const settled = DRAWDOWN_M_PER_M3H * water.flowM3h(id);
      return {
        runS: before.runS + (open[id] ? passedS : 0),
        starts: before.starts,
        kWh: before.kWh + (water.pumpKw(id) * passedS) / 3600,
        drawdownM: settled + (before.drawdownM - settled) * Math.exp(-passedS / DRAWDOWN_TAU_S),
      };
    },
  };
  return water;
}

const NEW_PUMP: PumpCounts = { runS: 0, starts: 0, kWh: 0, drawdownM: 0 };

/** As the saved state says, and the network file of what is new since. */
function beginState(network: Network, saved: WaterState | undefined): WaterState {
  const initial = initialState(network);
  if (!saved) return initial;
  return {
    levelM: { ...initial.levelM, ...saved.levelM },
    isOpen: { ...initial.isOpen, ...saved.isOpen },
    volumeM3: { ...initial.volumeM3, ...saved.volumeM3 },
    pumps: { ...initial.pumps, ...saved.pumps },
  };
}

/** As the network file says. */
function initialState({ toolkit, nodes, links, tanks, pumps, switched }: Network): WaterState {
  return {
    levelM: mapKeys(tanks, (id) => toolkit.getNodeValue(nodes.get(id) ?? 0, NODE.tankLevel)),
    isOpen: mapKeys(switched, (id) => toolkit.getLinkValue(links.get(id) ?? 0, LINK.initStatus) !== 0),
    volumeM3: mapKeys([...links.keys()], () => 0),
    pumps: mapKeys(pumps, () => NEW_PUMP),
  };
}

function mapKeys<T>(keys: readonly string[], value: (key: string) => T): Record<string, T> {
  return Object.fromEntries(keys.map((key) => [key, value(key)]));
}

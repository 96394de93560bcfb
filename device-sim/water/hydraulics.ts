/** EPANET at work on one network: it begins from levels and states, is told what is taken, and solves step by step. */
import {
  INIT_FLOW,
  LINK,
  LINK_TYPE,
  NetworkError,
  NODE,
  NODE_TYPE,
  OPTION,
  PRESSURE_DRIVEN,
  type Project,
  TIME,
  type Toolkit,
} from './epanet.ts';
import { type FileTime, moveTimes } from './file-time.ts';
import { type NetworkFile, readNetworkFile } from './network-file.ts';

const HOUR_S = 3600;
const HAIR_M = 1e-6;
const SHUT = 1e-9;
const VALVE_REGULATES = 2;
/**
 * For a file that does not say: a tap gives all that is wanted from 10 m of pressure on, the least that a single-storey
 * house needs at its connection (SNiP 2.04.02-84), nothing at 0 m, and between them as an orifice does.
 */
const MINIMUM_M = 0;
const REQUIRED_M = 10;
const ORIFICE = 0.5;
/** Finer than most files ask for, as each hour begins from the same guess: the last guess must not be seen in the result. */
const ACCURACY = 1e-5;
/** So fine a solution may take more than the 40 trials of many files. */
const TRIALS = 200;
/** After those, as many more with all states as they are; then it goes on with what it has, as a village must. */
const TRIALS_MORE = 10;

/** How a link stands: 0 closed, 1 open, 2 a valve that regulates; with its speed or setting. Plain data. */
export interface LinkState {
  readonly status: number;
  readonly setting: number;
}

export interface HydraulicsOptions {
  readonly inp: string;
  readonly project: Project;
  /** As the file says, with its own way of demand; else always pressure-driven. */
  readonly isAsWritten: boolean;
}

/** Where a run begins. */
interface Start {
  /** Pipes that leak in their middle. */
  readonly splits: readonly string[];
  readonly levelM: Readonly<Record<string, number>>;
  readonly links: Readonly<Record<string, LinkState>>;
}

export interface Hydraulics {
  readonly file: NetworkFile;
  /** As the file says. */
  initial(): Pick<Start, 'levelM' | 'links'>;
  /** Opens the file anew where other pipes leak than before. */
  begin(start: Start): void;
  /** What the file does by time is done at its time, where the run begins at `atMs`. */
  setClock(fileTime: FileTime, atMs: number): void;
  setDemand(node: string, m3h: number): void;
  setHead(reservoir: string, headM: number): void;
  setSpeed(pump: string, speed: number): void;
  setStatus(link: string, isOpen: boolean): void;
  setState(link: string, state: LinkState): void;
  setControl(control: number, isEnabled: boolean): void;
  /** Of the hole in a split pipe, m3/h at 1 m. */
  setLeak(pipe: string, coefficient: number): void;
  /** The same at a junction, for a trial. */
  setHole(junction: string, coefficient: number): void;
  solve(): void;
  /** Goes on by at most so much; s. */
  next(atMostS: number): number;
  state(link: string): LinkState;
  level(tank: string): number;
  tanks(): ReadonlyMap<string, { readonly volumeM3: number; readonly inflowM3h: number }>;
  /** m3/h and m, and m3/h for the last three, in the order of the file; of a split pipe, its first half. */
  flows(): number[];
  heads(): number[];
  pumpKw(pump: string): number;
  leakFlow(pipe: string): number;
  pressureAtLeak(pipe: string): number;
  holeFlow(junction: string): number;
  /** m3/h that consumers take at a junction; less than asked for where pressure is low. */
  taken(node: string): number;
  /** m3/h, the holes of pipes included: into the network, taken, and lost at emitters. */
  totals(): { supplied: number; taken: number; lost: number };
  /** Gives its memory back; it cannot be used any more. */
  close(): void;
}

export function createHydraulics({ inp, project, isAsWritten }: HydraulicsOptions): Hydraulics {
  let toolkit = project.open(inp);
  const file = readNetworkFile(toolkit);
  const nodeIds = [...file.nodes.keys()];
  const linkIds = [...file.links.keys()];
  let nodeIndex = new Map<string, number>();
  let linkIndex = new Map<string, number>();
  let leakIndex = new Map<string, number>();
  let splits: string | null = null;
  let stepS = 0;
  const node = (id: string): number => nodeIndex.get(id) ?? 0;
  const link = (id: string): number => linkIndex.get(id) ?? 0;

  function open(pipes: readonly string[]): void {
    if (splits !== null) toolkit = project.open(inp);
    prepare(toolkit, file, isAsWritten);
    leakIndex = new Map(pipes.map((pipe, i) => [pipe, i]));
    for (const [pipe, i] of leakIndex) split(toolkit, pipe, leakName(i));
    // Junctions come before tanks: a new one moves those.
    nodeIndex = new Map(nodeIds.map((id) => [id, toolkit.getNodeIndex(id)]));
    linkIndex = new Map(linkIds.map((id) => [id, toolkit.getLinkIndex(id)]));
    leakIndex = new Map(pipes.map((pipe, i) => [pipe, toolkit.getNodeIndex(leakName(i))]));
    toolkit.openH();
    stepS = 0;
    splits = pipes.join(' ');
  }

  /** In the file's order, without the parts that were added. */
  function ofFile(values: number[], ids: readonly string[], index: (id: string) => number): number[] {
    return leakIndex.size === 0 ? values : ids.map((id) => values[index(id) - 1] ?? 0);
  }

  function setInitialLevel(tank: string, levelM: number): void {
    // An empty or full tank reads a hair beyond its bounds, and EPANET refuses that.
    const lowest = toolkit.getNodeValue(node(tank), NODE.minLevel) + HAIR_M;
    const highest = toolkit.getNodeValue(node(tank), NODE.maxLevel) - HAIR_M;
    toolkit.setNodeValue(node(tank), NODE.tankLevel, Math.min(highest, Math.max(lowest, levelM)));
  }

  function setInitialState(id: string, { status, setting }: LinkState): void {
    const type = file.links.get(id)?.type ?? -1;
    if (type === LINK_TYPE.checkValvePipe) return;
    toolkit.setLinkValue(link(id), LINK.initStatus, status === 0 ? 0 : 1);
    // A pump that is closed has speed 0, and would keep it when opened.
    if (type === LINK_TYPE.pump) toolkit.setLinkValue(link(id), LINK.initSetting, status === 0 ? 0 : setting);
    else if (type > LINK_TYPE.pump && type !== LINK_TYPE.gpv && setting !== 0) {
      toolkit.setLinkValue(link(id), LINK.initSetting, setting);
    }
  }

  const initial = readInitial(toolkit, file);
  return {
    file,
    initial: () => initial,
    begin(start) {
      if (start.splits.join(' ') !== splits) open(start.splits);
      for (const id of file.tanks) setInitialLevel(id, start.levelM[id] ?? 0);
      // As in a project just opened, or the first guess would tell one from the other.
      for (const index of leakIndex.values()) toolkit.setNodeValue(index, NODE.emitter, SHUT);
      for (const [id, state] of Object.entries(start.links)) if (file.links.has(id)) setInitialState(id, state);
      toolkit.initH(INIT_FLOW);
    },
    setClock(fileTime, atMs) {
      moveTimes(toolkit, file, { sinceBeginS: fileTime.sinceBeginS(atMs), clockS: fileTime.clockS(atMs) });
    },
    setDemand: (id, m3h) => toolkit.setBaseDemand(node(id), 1, m3h),
    setHead: (id, headM) => toolkit.setNodeValue(node(id), NODE.elevation, headM),
    setSpeed: (id, speed) => toolkit.setLinkValue(link(id), LINK.setting, speed),
    setStatus: (id, isOpen) => toolkit.setLinkValue(link(id), LINK.status, isOpen ? 1 : 0),
    setState(id, { status, setting }) {
      const isPump = file.links.get(id)?.type === LINK_TYPE.pump;
      toolkit.setLinkValue(link(id), LINK.status, status === 0 ? 0 : 1);
      if (status !== 0 && (isPump || setting !== 0)) toolkit.setLinkValue(link(id), LINK.setting, setting);
    },
    setControl: (control, isEnabled) => toolkit.setControlEnabled(control, isEnabled ? 1 : 0),
    setLeak: (pipe, coefficient) => toolkit.setNodeValue(leakIndex.get(pipe) ?? 0, NODE.emitter, coefficient),
    setHole: (junction, coefficient) => toolkit.setNodeValue(node(junction), NODE.emitter, coefficient),
    solve() {
      toolkit.runH();
    },
    next(atMostS) {
      if (atMostS !== stepS) toolkit.setTimeParameter(TIME.hydStep, atMostS);
      stepS = atMostS;
      const passedS = toolkit.nextH();
      if (passedS === 0) throw new NetworkError('the network cannot be solved any further');
      return passedS;
    },
    state: (id) => ({
      status: toolkit.getLinkValue(link(id), LINK.status),
      setting: toolkit.getLinkValue(link(id), LINK.setting),
    }),
    level: (id) => toolkit.getNodeValue(node(id), NODE.head) - (file.nodes.get(id)?.elevationM ?? 0),
    tanks: () =>
      new Map(
        file.tanks.map((id) => [
          id,
          {
            volumeM3: toolkit.getNodeValue(node(id), NODE.tankVolume),
            inflowM3h: toolkit.getNodeValue(node(id), NODE.demand),
          },
        ]),
      ),
    flows: () => ofFile(toolkit.getLinkValues(LINK.flow), linkIds, link),
    heads: () => expectNumbers(ofFile(toolkit.getNodeValues(NODE.head), nodeIds, node)),
    pumpKw: (id) => toolkit.getLinkValue(link(id), LINK.energyKw),
    leakFlow: (pipe) => toolkit.getNodeValue(leakIndex.get(pipe) ?? 0, NODE.emitterFlow),
    pressureAtLeak: (pipe) => toolkit.getNodeValue(leakIndex.get(pipe) ?? 0, NODE.pressure),
    holeFlow: (junction) => toolkit.getNodeValue(node(junction), NODE.emitterFlow),
    taken: (id) => toolkit.getNodeValue(node(id), NODE.demandFlow),
    totals: () => totals(toolkit),
    close: () => project.close(),
  };
}

/** EPANET reads `nan` as a number, and all that it then solves is none. */
function expectNumbers(heads: number[]): number[] {
  if (heads.every(Number.isFinite)) return heads;
  throw new NetworkError('the network has no solution: is there a value in the file that is no number?');
}

function readInitial(toolkit: Toolkit, file: NetworkFile): Pick<Start, 'levelM' | 'links'> {
  const levels = file.tanks.map((id) => [id, toolkit.getNodeValue(toolkit.getNodeIndex(id), NODE.tankLevel)]);
  const links = file.switched.map((id): [string, LinkState] => {
    const index = toolkit.getLinkIndex(id);
    const status = toolkit.getLinkValue(index, LINK.initStatus);
    const isSet = status === VALVE_REGULATES || file.links.get(id)?.type === LINK_TYPE.pump;
    return [id, { status, setting: isSet ? toolkit.getLinkValue(index, LINK.initSetting) : 0 }];
  });
  return { levelM: Object.fromEntries(levels), links: Object.fromEntries(links) };
}

function leakName(i: number): string {
  return `~leak-${i}`;
}

/** Demand, heads and speeds are ours to say; the rest stays as the file says. */
function prepare(toolkit: Toolkit, file: NetworkFile, isAsWritten: boolean): void {
  if (!isAsWritten && toolkit.getDemandModel().type !== PRESSURE_DRIVEN) {
    toolkit.setDemandModel(PRESSURE_DRIVEN, MINIMUM_M, REQUIRED_M, ORIFICE);
  }
  // Through a hole without pressure comes air.
  if (!isAsWritten) toolkit.setOption(OPTION.emitterBackflow, 0);
  toolkit.setOption(OPTION.accuracy, Math.min(ACCURACY, toolkit.getOption(OPTION.accuracy)));
  toolkit.setOption(OPTION.trials, Math.max(TRIALS, toolkit.getOption(OPTION.trials)));
  toolkit.setOption(OPTION.unbalanced, Math.max(TRIALS_MORE, toolkit.getOption(OPTION.unbalanced)));
  toolkit.setOption(OPTION.emitterExponent, file.leakExponent);
  toolkit.setOption(OPTION.demandMultiplier, 1);
  // It would act on all demand that has no pattern.
  toolkit.setOption(OPTION.defaultPattern, 0);
  for (const id of file.junctions) {
    const index = toolkit.getNodeIndex(id);
    for (let k = toolkit.getNumberOfDemands(index); k >= 1; k--) {
      toolkit.setBaseDemand(index, k, 0);
      toolkit.setDemandPattern(index, k, 0);
    }
  }
  for (const { node } of file.reservoirs) toolkit.setNodeValue(toolkit.getNodeIndex(node), NODE.pattern, 0);
  for (const { pump } of file.speeds) toolkit.setLinkValue(toolkit.getLinkIndex(pump), LINK.speedPattern, 0);
  toolkit.setTimeParameter(TIME.patternStart, 0);
  toolkit.setTimeParameter(TIME.patternStep, HOUR_S);
  toolkit.setTimeParameter(TIME.reportStart, 0);
  toolkit.setTimeParameter(TIME.reportStep, HOUR_S);
  toolkit.setTimeParameter(TIME.duration, HOUR_S);
}

/** The first half keeps the pipe's name, so that a meter on it goes on reading what comes in. */
function split(toolkit: Toolkit, pipe: string, name: string): void {
  const ends = toolkit.getLinkNodes(toolkit.getLinkIndex(pipe));
  const from = toolkit.getNodeId(ends.node1);
  const to = toolkit.getNodeId(ends.node2);
  const ground = (id: string): number => toolkit.getNodeValue(toolkit.getNodeIndex(id), NODE.elevation);
  const middle = toolkit.addNode(name, NODE_TYPE.junction);
  toolkit.setNodeValue(middle, NODE.elevation, (ground(from) + ground(to)) / 2);
  const second = toolkit.addLink(name, LINK_TYPE.pipe, name, to);
  const first = toolkit.getLinkIndex(pipe);
  for (const property of [LINK.diameter, LINK.roughness, LINK.leakArea, LINK.leakExpansion]) {
    toolkit.setLinkValue(second, property, toolkit.getLinkValue(first, property));
  }
  const halfM = toolkit.getLinkValue(first, LINK.length) / 2;
  toolkit.setLinkValue(first, LINK.length, halfM);
  toolkit.setLinkValue(second, LINK.length, halfM);
  toolkit.setLinkValue(second, LINK.minorLoss, 0);
  toolkit.setLinkNodes(first, toolkit.getNodeIndex(from), middle);
}

function totals(toolkit: Toolkit): { supplied: number; taken: number; lost: number } {
  const taken = toolkit.getNodeValues(NODE.demandFlow);
  const emitted = toolkit.getNodeValues(NODE.emitterFlow);
  const seeped = toolkit.getNodeValues(NODE.leakageFlow);
  const net = toolkit.getNodeValues(NODE.demand);
  const sum = { supplied: 0, taken: 0, lost: 0 };
  for (let i = 0; i < net.length; i++) {
    const type = toolkit.getNodeType(i + 1);
    if (type === NODE_TYPE.reservoir) sum.supplied -= net[i] ?? 0;
    if (type !== NODE_TYPE.junction) continue;
    const here = taken[i] ?? 0;
    if (here < 0) sum.supplied -= here;
    else sum.taken += here;
    sum.lost += (emitted[i] ?? 0) + (seeped[i] ?? 0);
  }
  return sum;
}

/** EPANET at work on one network: it begins from levels and states, is told what is taken, and solves step by step. */
import {
  INIT_FLOW,
  LINK,
  LINK_TYPE,
  NetworkError,
  NODE,
  NODE_TYPE,
  type Project,
  TIME,
  type Toolkit,
} from './epanet.ts';
import { type FileTime, moveTimes } from './file-time.ts';
import { type NetworkFile, readNetworkFile } from './network-file.ts';
import { prepare, split } from './prepare.ts';
import { createTanks, type TankFlow } from './tanks.ts';
import { addWaysIn, createWaysIn, type WaysIn } from './ways-in.ts';

const SHUT = 1e-9;
const VALVE_REGULATES = 2;

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
  /** As the file says, of all links. */
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
  /** Nothing flows out of an empty tank, nor into a full one that has no overflow: there water passes by. */
  solve(): void;
  /** Goes on by at most so much, and not beyond where a tank runs full or empty; s. */
  next(atMostS: number): number;
  state(link: string): LinkState;
  /** Of a tank; pressure where it is none. */
  level(node: string): number;
  /** In the step that is over. */
  tanks(): ReadonlyMap<string, TankFlow>;
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
  /** In the file's order, without the parts that were added. */
  let nodePlaces: readonly number[] = [];
  let linkPlaces: readonly number[] = [];
  let waysIn: WaysIn | null = null;
  let splits: string | null = null;
  let stepS = 0;
  const tanks = createTanks(file);
  const node = (id: string): number => nodeIndex.get(id) ?? 0;
  const link = (id: string): number => linkIndex.get(id) ?? 0;

  function open(pipes: readonly string[]): void {
    if (splits !== null) toolkit = project.open(inp);
    prepare(toolkit, file, isAsWritten);
    addWaysIn(toolkit, file);
    leakIndex = new Map(pipes.map((pipe, i) => [pipe, i]));
    for (const [pipe, i] of leakIndex) split(toolkit, pipe, leakName(i));
    // Junctions come before tanks: a new one moves those.
    nodeIndex = new Map(nodeIds.map((id) => [id, toolkit.getNodeIndex(id)]));
    linkIndex = new Map(linkIds.map((id) => [id, toolkit.getLinkIndex(id)]));
    leakIndex = new Map(pipes.map((pipe, i) => [pipe, toolkit.getNodeIndex(leakName(i))]));
    nodePlaces = nodeIds.map((id) => node(id) - 1);
    linkPlaces = linkIds.map((id) => link(id) - 1);
    waysIn = createWaysIn(toolkit, file, tanks);
    toolkit.openH();
    stepS = 0;
    splits = pipes.join(' ');
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
      tanks.begin(start.levelM);
      waysIn?.begin();
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
    solve: () => waysIn?.solve(),
    next(atMostS) {
      const inflows = waysIn?.inflows() ?? [];
      const lastS = file.tanks.map((id, i) => Math.floor(tanks.lastsS(id, inflows[i] ?? 0)));
      const nextS = Math.min(atMostS, ...lastS);
      if (nextS !== stepS) toolkit.setTimeParameter(TIME.hydStep, nextS);
      stepS = nextS;
      const passedS = toolkit.nextH();
      if (passedS === 0) throw new NetworkError('the network cannot be solved any further');
      tanks.pass(inflows, passedS);
      return passedS;
    },
    state: (id) => ({
      status: toolkit.getLinkValue(link(id), LINK.status),
      setting: toolkit.getLinkValue(link(id), LINK.setting),
    }),
    level: (id) =>
      tanks.levelM(id) ?? toolkit.getNodeValue(node(id), NODE.head) - (file.nodes.get(id)?.elevationM ?? 0),
    tanks: () => tanks.flows(),
    flows: () => at(toolkit.getLinkValues(LINK.flow), linkPlaces),
    heads: () => expectNumbers(at(toolkit.getNodeValues(NODE.head), nodePlaces)),
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
  const links = [...file.links.keys()].map((id): [string, LinkState] => {
    const index = toolkit.getLinkIndex(id);
    const status = toolkit.getLinkValue(index, LINK.initStatus);
    const isSet = status === VALVE_REGULATES || file.links.get(id)?.type === LINK_TYPE.pump;
    return [id, { status, setting: isSet ? toolkit.getLinkValue(index, LINK.initSetting) : 0 }];
  });
  return { levelM: Object.fromEntries(levels), links: Object.fromEntries(links) };
}

function at(values: readonly number[], places: readonly number[]): number[] {
  return places.map((place) => values[place] ?? 0);
}

function leakName(i: number): string {
  return `~leak-${i}`;
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

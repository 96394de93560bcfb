/**
 * What we use of epanet-js, with types: its own declarations import without file endings, which `nodenext` cannot
 * follow, so that all its names are `any` or missing. Indices of EPANET start at 1, its arrays here at 0.
 */
import { Project, Workspace } from 'epanet-js';

/** Codes of the toolkit (epanet2_enums.h). */
export const NODE = { tankLevel: 8, pressure: 11, minLevel: 20, maxLevel: 21 } as const;
export const LINK = { length: 1, initStatus: 4, initSetting: 5, flow: 8, status: 11, energyKw: 13 } as const;
const TIME = { duration: 0, hydStep: 1, patternStep: 3, patternStart: 4, reportStep: 5, reportStart: 6 } as const;
const COUNT = { nodes: 0, links: 2, controls: 5 } as const;
const NODE_TANK = 2;
const LINK_PUMP = 2;
/** CVPIPE, PIPE. */
const LINK_PIPE_MAX = 1;
const HAIR_M = 1e-6;
const DEMAND_PDA = 1;
const UNITS_CMH = 8;
/** Hydraulics are not saved to a file, flows start from the same guess every time. */
const INIT_FLOW = 10;

/** The part of the toolkit that we call. */
interface Toolkit {
  open(input: string, report: string, output: string): void;
  openH(): void;
  initH(flag: number): void;
  runH(): number;
  nextH(): number;
  getCount(what: number): number;
  getFlowUnits(): number;
  getDemandModel(): { type: number };
  getNodeId(index: number): string;
  getNodeType(index: number): number;
  getNodeValue(index: number, property: number): number;
  setNodeValue(index: number, property: number, value: number): void;
  getNodeValues(property: number): number[];
  getLinkId(index: number): string;
  getLinkType(index: number): number;
  getLinkValue(index: number, property: number): number;
  setLinkValue(index: number, property: number, value: number): void;
  getLinkValues(property: number): number[];
  getControl(index: number): { linkIndex: number };
  getTimeParameter(what: number): number;
  setTimeParameter(what: number, value: number): void;
  getNumberOfDemands(node: number): number;
  getBaseDemand(node: number, demand: number): number;
  getDemandPattern(node: number, demand: number): number;
  setDemandPattern(node: number, demand: number, pattern: number): void;
  getPatternLength(pattern: number): number;
  getPatternValue(pattern: number, period: number): number;
  addPattern(id: string): void;
  getPatternIndex(id: string): number;
  setPattern(pattern: number, values: number[]): void;
}

/** One category of demand at a junction. */
export interface Demand {
  readonly node: string;
  /** Multipliers of the file, one each `patternStepS` from local midnight. */
  readonly multipliers: readonly number[];
  /** The pattern to fill for the next run. */
  readonly pattern: number;
}

export interface Network {
  readonly toolkit: Toolkit;
  readonly nodes: ReadonlyMap<string, number>;
  readonly links: ReadonlyMap<string, number>;
  readonly tanks: readonly string[];
  readonly pumps: readonly string[];
  /** Links that open and close: pumps, and what the controls switch. */
  readonly switched: readonly string[];
  readonly demands: readonly Demand[];
  readonly patternStepS: number;
  /** Of all pipes, m. */
  readonly pipeLengthM: number;
}

/** A fault of the network file; `code` is stable. */
class NetworkError extends Error {
  readonly code = 'bad-network';
}

/** Opens a network for runs of `runS` seconds in steps of `stepS`, every demand with a pattern of its own. */
export async function openNetwork(inp: string, run: { runS: number; stepS: number }): Promise<Network> {
  const workspace = new Workspace();
  await workspace.loadModule();
  const toolkit = createToolkit(workspace);
  workspace.writeFile('network.inp', inp);
  try {
    toolkit.open('network.inp', 'network.rpt', 'network.out');
  } catch (error) {
    throw new NetworkError(`${(error as Error).message}\n${reportOf(workspace)}`);
  }
  expectOptions(toolkit);
  const patternStepS = toolkit.getTimeParameter(TIME.patternStep);
  const nodes = indexOf(toolkit.getCount(COUNT.nodes), (i) => toolkit.getNodeId(i));
  const links = indexOf(toolkit.getCount(COUNT.links), (i) => toolkit.getLinkId(i));
  const pumps = [...links].filter(([, i]) => toolkit.getLinkType(i) === LINK_PUMP).map(([id]) => id);
  const network: Network = {
    toolkit,
    nodes,
    links,
    tanks: [...nodes].filter(([, i]) => toolkit.getNodeType(i) === NODE_TANK).map(([id]) => id),
    pumps,
    switched: [...new Set([...pumps, ...controlled(toolkit)])],
    demands: [...nodes].flatMap(([id, i]) => ownPatterns(toolkit, id, i)),
    patternStepS,
    pipeLengthM: pipeLength(toolkit, links),
  };
  setTimes(toolkit, run);
  toolkit.openH();
  return network;
}

/** Level of a tank when the next run begins. */
export function setInitialLevel({ toolkit, nodes }: Network, tank: string, levelM: number): void {
  const index = nodes.get(tank) ?? 0;
  // An empty or full tank reads a hair beyond its bounds, and EPANET refuses that.
  const lowest = toolkit.getNodeValue(index, NODE.minLevel) + HAIR_M;
  const highest = toolkit.getNodeValue(index, NODE.maxLevel) - HAIR_M;
  toolkit.setNodeValue(index, NODE.tankLevel, Math.min(highest, Math.max(lowest, levelM)));
}

/** How a pump, pipe or valve stands when the next run begins. */
export function setInitiallyOpen({ toolkit, links, pumps }: Network, link: string, isOpen: boolean): void {
  const index = links.get(link) ?? 0;
  toolkit.setLinkValue(index, LINK.initStatus, isOpen ? 1 : 0);
  // A pump that the file says is closed has speed 0, and keeps it when opened.
  if (pumps.includes(link)) toolkit.setLinkValue(index, LINK.initSetting, isOpen ? 1 : 0);
}

/** Starts a run: what was set before (levels, status, patterns) is where it begins. */
export function beginRun(toolkit: Toolkit): void {
  toolkit.initH(INIT_FLOW);
}

function createToolkit(workspace: { getError(code: number): string }): Toolkit {
  const project: Toolkit = new Project(workspace);
  // Its own check writes every warning (a pump without water, a negative pressure) to the console, each minute.
  return Object.assign(project, {
    _checkError(code: number): void {
      if (code >= 100) throw new NetworkError(`EPANET ${code}: ${workspace.getError(code)}`);
    },
  });
}

function expectOptions(toolkit: Toolkit): void {
  // A wrong name of the demand model is silently demand-driven: a village with its pump dead would still drink.
  if (toolkit.getDemandModel().type !== DEMAND_PDA) throw new NetworkError('[OPTIONS] expected Demand Model PDA');
  if (toolkit.getFlowUnits() !== UNITS_CMH) throw new NetworkError('[OPTIONS] expected Units CMH');
}

function reportOf(workspace: { readFile(name: string): string }): string {
  try {
    return workspace.readFile('network.rpt');
  } catch {
    return '';
  }
}

function indexOf(count: number, idAt: (index: number) => string): ReadonlyMap<string, number> {
  return new Map(Array.from({ length: count }, (_, i) => [idAt(i + 1), i + 1]));
}

function controlled(toolkit: Toolkit): string[] {
  return Array.from({ length: toolkit.getCount(COUNT.controls) }, (_, i) =>
    toolkit.getLinkId(toolkit.getControl(i + 1).linkIndex),
  );
}

function pipeLength(toolkit: Toolkit, links: ReadonlyMap<string, number>): number {
  let sumM = 0;
  for (const i of links.values()) {
    if (toolkit.getLinkType(i) <= LINK_PIPE_MAX) sumM += toolkit.getLinkValue(i, LINK.length);
  }
  return sumM;
}

function ownPatterns(toolkit: Toolkit, node: string, index: number): Demand[] {
  const demands: Demand[] = [];
  if (toolkit.getNodeType(index) !== 0) return demands;
  for (let k = 1; k <= toolkit.getNumberOfDemands(index); k++) {
    if (toolkit.getBaseDemand(index, k) === 0) continue;
    const multipliers = patternValues(toolkit, toolkit.getDemandPattern(index, k));
    const id = `sim-${index}-${k}`;
    toolkit.addPattern(id);
    const pattern = toolkit.getPatternIndex(id);
    toolkit.setDemandPattern(index, k, pattern);
    demands.push({ node, multipliers, pattern });
  }
  return demands;
}

function patternValues(toolkit: Toolkit, pattern: number): number[] {
  if (pattern === 0) return [1];
  return Array.from({ length: toolkit.getPatternLength(pattern) }, (_, i) => toolkit.getPatternValue(pattern, i + 1));
}

function setTimes(toolkit: Toolkit, { runS, stepS }: { runS: number; stepS: number }): void {
  toolkit.setTimeParameter(TIME.duration, runS);
  toolkit.setTimeParameter(TIME.hydStep, stepS);
  toolkit.setTimeParameter(TIME.patternStep, stepS);
  toolkit.setTimeParameter(TIME.patternStart, 0);
  toolkit.setTimeParameter(TIME.reportStep, runS);
  toolkit.setTimeParameter(TIME.reportStart, 0);
}

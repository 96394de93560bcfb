/**
 * What we use of epanet-js, with types: its own declarations import without file endings, which `nodenext` cannot
 * follow, so that all its names are `any` or missing. Indices of EPANET start at 1, its arrays here at 0.
 */
import { Project as EpanetProject, Workspace } from 'epanet-js';
import { explain } from './report-faults.ts';

/** Codes of the toolkit (epanet2_enums.h, 2.3.5). */
export const NODE = {
  elevation: 0,
  pattern: 2,
  emitter: 3,
  tankLevel: 8,
  demand: 9,
  head: 10,
  pressure: 11,
  minVolume: 18,
  volumeCurve: 19,
  minLevel: 20,
  maxLevel: 21,
  maxVolume: 25,
  canOverflow: 26,
  emitterFlow: 29,
  leakageFlow: 30,
  demandFlow: 31,
} as const;
export const LINK = {
  diameter: 0,
  length: 1,
  roughness: 2,
  minorLoss: 3,
  initStatus: 4,
  initSetting: 5,
  flow: 8,
  status: 11,
  setting: 12,
  energyKw: 13,
  speedPattern: 15,
  isControlled: 23,
  leakArea: 26,
  leakExpansion: 27,
} as const;
export const TIME = {
  duration: 0,
  hydStep: 1,
  patternStep: 3,
  patternStart: 4,
  reportStep: 5,
  reportStart: 6,
  startClock: 10,
} as const;
export const COUNT = { nodes: 0, links: 2, controls: 5, rules: 6 } as const;
export const OPTION = {
  trials: 0,
  accuracy: 1,
  emitterExponent: 3,
  demandMultiplier: 4,
  unbalanced: 14,
  defaultPattern: 23,
  emitterBackflow: 24,
  pressureUnits: 25,
} as const;
export const NODE_TYPE = { junction: 0, reservoir: 1, tank: 2 } as const;
export const LINK_TYPE = { checkValvePipe: 0, pipe: 1, pump: 2, gpv: 8 } as const;
export const CONTROL = { lowLevel: 0, highLevel: 1, timer: 2, timeOfDay: 3 } as const;
/** Premise of a rule: SYSTEM TIME. */
export const RULE_TIME = 9;
export const PRESSURE_DRIVEN = 1;
const UNITS_CMH = 8;
const PRESSURE_M = 2;
/** For `initH`: hydraulics are not saved to a file, flows start from the same guess every time. */
export const INIT_FLOW = 10;
/** Below are warnings. */
const FIRST_ERROR = 100;
/** EPANET writes beyond its memory where a line is longer. */
const MAX_LINE = 1024;

/** The part of the toolkit that we call. */
export interface Toolkit {
  setFlowUnits(units: number): void;
  openH(): void;
  closeH(): void;
  initH(flag: number): void;
  runH(): number;
  nextH(): number;
  getCount(what: number): number;
  getOption(option: number): number;
  setOption(option: number, value: number): void;
  setReport(format: string): void;
  getDemandModel(): { type: number };
  setDemandModel(type: number, minimum: number, required: number, exponent: number): void;
  addNode(id: string, type: number): number;
  getNodeId(index: number): string;
  getNodeIndex(id: string): number;
  getNodeType(index: number): number;
  getNodeValue(index: number, property: number): number;
  setNodeValue(index: number, property: number, value: number): void;
  getNodeValues(property: number): number[];
  addLink(id: string, type: number, from: string, to: string): number;
  getLinkId(index: number): string;
  getLinkIndex(id: string): number;
  getLinkNodes(index: number): { node1: number; node2: number };
  setLinkNodes(index: number, from: number, to: number): void;
  getLinkType(index: number): number;
  getLinkValue(index: number, property: number): number;
  setLinkValue(index: number, property: number, value: number): void;
  getLinkValues(property: number): number[];
  getControl(index: number): { type: number; linkIndex: number; setting: number; nodeIndex: number; level: number };
  setControl(index: number, type: number, link: number, setting: number, node: number, level: number): void;
  setControlEnabled(index: number, isEnabled: number): void;
  getRule(index: number): { premiseCount: number };
  getPremise(rule: number, premise: number): { variable: number; value: number };
  setPremiseValue(rule: number, premise: number, value: number): void;
  getTimeParameter(what: number): number;
  setTimeParameter(what: number, value: number): void;
  getNumberOfDemands(node: number): number;
  getBaseDemand(node: number, demand: number): number;
  setBaseDemand(node: number, demand: number, value: number): void;
  getDemandPattern(node: number, demand: number): number;
  setDemandPattern(node: number, demand: number, pattern: number): void;
  /** As it is spelt there. */
  getCurveLenth(curve: number): number;
  getCurveValue(curve: number, point: number): { x: number; y: number };
  getPatternLength(pattern: number): number;
  getPatternValue(pattern: number, period: number): number;
}

/** Place for one network at a time. */
export interface Project {
  /** Takes the place of what it held before. In m3/h and m, whatever the file says. */
  open(inp: string): Toolkit;
  close(): void;
}

/** epanet-js with its own WebAssembly memory, which lives as long as this. */
export interface Engine {
  createProject(): Project;
}

/** A fault of the network file; `code` is stable. */
export class NetworkError extends Error {
  readonly code = 'bad-network';
}

export async function loadEngine(): Promise<Engine> {
  const workspace = new Workspace();
  await workspace.loadModule();
  let count = 0;
  return { createProject: () => createProject(workspace, `network-${count++}`) };
}

function createProject(workspace: Workspace, name: string): Project {
  const project: Toolkit & { open(input: string, report: string, output: string): void; close(): void } =
    new EpanetProject(workspace);
  // Its own check writes every warning (a pump without water, a negative pressure) to the console, each minute.
  Object.assign(project, {
    _checkError(code: number): void {
      if (code >= FIRST_ERROR) throw new NetworkError(sentence(workspace.getError(code)));
    },
  });
  let isOpen = false;
  return {
    open(text) {
      const inp = readable(text);
      if (isOpen) project.close();
      workspace.writeFile(`${name}.inp`, inp);
      try {
        project.open(`${name}.inp`, `${name}.rpt`, `${name}.out`);
        // Errors of the network as a whole, such as no source, come here.
        project.openH();
        project.closeH();
      } catch (error) {
        isOpen = false;
        // The report is complete only when closed.
        project.close();
        throw new NetworkError(explain(workspace.readFile(`${name}.rpt`), inp) ?? (error as Error).message);
      }
      isOpen = true;
      beQuietInSi(project);
      return project;
    },
    close() {
      if (isOpen) project.close();
      isOpen = false;
    },
  };
}

/** Without the mark that some editors begin a file with. Throws where it is no text that EPANET could read. */
function readable(text: string): string {
  const inp = text.replace(/^\uFEFF/, '');
  if (inp.trim() === '') throw new NetworkError('the network file is empty');
  if (inp.includes('\0')) throw new NetworkError('the network file is no plain text: save it as UTF-8');
  const long = inp.split('\n').findIndex((line) => Buffer.byteLength(line) > MAX_LINE);
  if (long >= 0) throw new NetworkError(`line ${long + 1}: longer than ${MAX_LINE} characters`);
  return inp;
}

function beQuietInSi(toolkit: Toolkit): void {
  // The report would grow in memory with every step.
  toolkit.setReport('STATUS NO');
  toolkit.setReport('MESSAGES NO');
  // Both convert all that was read, controls and rules too.
  toolkit.setFlowUnits(UNITS_CMH);
  toolkit.setOption(OPTION.pressureUnits, PRESSURE_M);
}

/** "Error 203: undefined node x" to "undefined node x". */
function sentence(error: string): string {
  return error.replace(/^Error \d+: */, '');
}

/** All that we take from an EPANET file once, as it is written there: m3/h, m and s, whatever its units are. */
import { COUNT, LINK, LINK_TYPE, NODE, NODE_TYPE, OPTION, RULE_TIME, TIME, type Toolkit } from './epanet.ts';

const DAY_S = 86_400;
const WEEK_S = 7 * DAY_S;
const ORIFICE = 0.5;

/** Multipliers, one each `patternStepS`; null: always 1. */
export type Pattern = readonly number[] | null;

/** What is taken at a junction. */
export interface Demand {
  readonly node: string;
  readonly parts: readonly { readonly baseM3h: number; readonly pattern: Pattern }[];
  /** Over its patterns. */
  readonly meanM3h: number;
}

/** A tank, between the lowest and the highest level that it is used at. */
export interface Vessel {
  readonly lowestM: number;
  readonly highestM: number;
  /** Where it has none, it takes no more when it is full. */
  readonly canOverflow: boolean;
  /** Points between which it is even; rising. */
  readonly shape: readonly { readonly levelM: number; readonly m3: number }[];
}

interface Link {
  readonly id: string;
  readonly type: number;
  readonly from: string;
  readonly to: string;
  readonly diameterM: number;
  /** 0 of pumps and valves. */
  readonly lengthM: number;
}

export interface Control {
  readonly index: number;
  readonly type: number;
  readonly link: string;
  /** Speed or setting; `OPEN` and `CLOSED` are +-1e10 for a valve, 1 and 0 for others. */
  readonly setting: number;
  /** Empty where it goes by time. */
  readonly node: string;
  /** Level, pressure, or s. */
  readonly level: number;
}

export interface NetworkFile {
  readonly nodes: ReadonlyMap<string, { readonly type: number; readonly elevationM: number }>;
  readonly links: ReadonlyMap<string, Link>;
  readonly tanks: readonly string[];
  readonly vessels: ReadonlyMap<string, Vessel>;
  readonly pumps: readonly string[];
  readonly pipes: readonly string[];
  readonly junctions: readonly string[];
  /** Of all pipes. */
  readonly pipeLengthM: number;
  readonly demands: readonly Demand[];
  readonly reservoirs: readonly { readonly node: string; readonly headM: number; readonly pattern: Pattern }[];
  readonly speeds: readonly { readonly pump: string; readonly pattern: readonly number[] }[];
  /** Links that open and close: pumps, and what controls and rules switch. */
  readonly switched: readonly string[];
  readonly controls: readonly Control[];
  /** Premises of rules by the time since the file's beginning. */
  readonly timePremises: readonly { readonly rule: number; readonly premise: number; readonly afterS: number }[];
  /** Of the hydraulics. */
  readonly stepS: number;
  readonly patternStepS: number;
  readonly patternStartS: number;
  /** Time of day at the file's beginning. */
  readonly startClockS: number;
  /** After this what the file says by time begins anew. */
  readonly cycleS: number;
  /** Of all holes; the file's own where it has any. */
  readonly leakExponent: number;
}

/** Reads a network that has just been opened. */
export function readNetworkFile(toolkit: Toolkit): NetworkFile {
  const readPattern = patternReader(toolkit);
  const nodeIds = idsOf(toolkit.getCount(COUNT.nodes), (i) => toolkit.getNodeId(i));
  const linkIds = idsOf(toolkit.getCount(COUNT.links), (i) => toolkit.getLinkId(i));
  const ofNodeType = (type: number) => nodeIds.filter((_, i) => toolkit.getNodeType(i + 1) === type);
  const links = new Map(linkIds.map((id, i) => [id, readLink(toolkit, nodeIds, { id, index: i + 1 })]));
  const tanks = ofNodeType(NODE_TYPE.tank);
  const ofLinkType = (isOne: (type: number) => boolean) => linkIds.filter((id) => isOne(links.get(id)?.type ?? -1));
  const pumps = ofLinkType((type) => type === LINK_TYPE.pump);
  const controlled = linkIds.filter((_, i) => toolkit.getLinkValue(i + 1, LINK.isControlled) === 1);
  return {
    nodes: new Map(
      nodeIds.map((id, i) => [
        id,
        { type: toolkit.getNodeType(i + 1), elevationM: toolkit.getNodeValue(i + 1, NODE.elevation) },
      ]),
    ),
    links,
    tanks,
    vessels: new Map(tanks.map((id) => [id, readVessel(toolkit, toolkit.getNodeIndex(id))])),
    pumps,
    pipes: ofLinkType((type) => type <= LINK_TYPE.pipe),
    junctions: ofNodeType(NODE_TYPE.junction),
    pipeLengthM: [...links.values()].reduce((sum, { lengthM }) => sum + lengthM, 0),
    demands: ofNodeType(NODE_TYPE.junction).flatMap((id) => readDemand(toolkit, readPattern, id)),
    reservoirs: ofNodeType(NODE_TYPE.reservoir).map((node) => readReservoir(toolkit, readPattern, node)),
    speeds: pumps.flatMap((pump) => {
      const pattern = readPattern(toolkit.getLinkValue(toolkit.getLinkIndex(pump), LINK.speedPattern));
      return pattern === null ? [] : [{ pump, pattern }];
    }),
    switched: [...new Set([...pumps, ...controlled])],
    controls: readControls(toolkit),
    timePremises: readTimePremises(toolkit),
    stepS: toolkit.getTimeParameter(TIME.hydStep),
    patternStepS: toolkit.getTimeParameter(TIME.patternStep),
    patternStartS: toolkit.getTimeParameter(TIME.patternStart),
    startClockS: toolkit.getTimeParameter(TIME.startClock),
    cycleS: roundOf(toolkit.getTimeParameter(TIME.duration)),
    leakExponent: hasEmitters(toolkit) ? toolkit.getOption(OPTION.emitterExponent) : ORIFICE,
  };
}

/** A day, or as many whole weeks as the file lasts. */
function roundOf(durationS: number): number {
  return durationS <= DAY_S ? DAY_S : Math.ceil(durationS / WEEK_S) * WEEK_S;
}

function readLink(toolkit: Toolkit, nodeIds: readonly string[], { id, index }: { id: string; index: number }): Link {
  const { node1, node2 } = toolkit.getLinkNodes(index);
  const type = toolkit.getLinkType(index);
  return {
    id,
    type,
    from: nodeIds[node1 - 1] ?? '',
    to: nodeIds[node2 - 1] ?? '',
    diameterM: type === LINK_TYPE.pump ? 0 : toolkit.getLinkValue(index, LINK.diameter) / 1000,
    lengthM: type <= LINK_TYPE.pipe ? toolkit.getLinkValue(index, LINK.length) : 0,
  };
}

function readVessel(toolkit: Toolkit, index: number): Vessel {
  const value = (property: number): number => toolkit.getNodeValue(index, property);
  const [lowestM, highestM] = [value(NODE.minLevel), value(NODE.maxLevel)];
  const curve = value(NODE.volumeCurve);
  const even = [
    { levelM: lowestM, m3: value(NODE.minVolume) },
    { levelM: highestM, m3: value(NODE.maxVolume) },
  ];
  const shape = curve === 0 ? even : readCurve(toolkit, curve).map(({ x, y }) => ({ levelM: x, m3: y }));
  return { lowestM, highestM, canOverflow: value(NODE.canOverflow) === 1, shape };
}

function readCurve(toolkit: Toolkit, curve: number): { x: number; y: number }[] {
  return Array.from({ length: toolkit.getCurveLenth(curve) }, (_, i) => toolkit.getCurveValue(curve, i + 1));
}

function readDemand(toolkit: Toolkit, readPattern: ReadPattern, node: string): Demand[] {
  const index = toolkit.getNodeIndex(node);
  const all = toolkit.getOption(OPTION.demandMultiplier);
  const parts = Array.from({ length: toolkit.getNumberOfDemands(index) }, (_, k) => ({
    baseM3h: toolkit.getBaseDemand(index, k + 1) * all,
    pattern: readPattern(toolkit.getDemandPattern(index, k + 1) || toolkit.getOption(OPTION.defaultPattern)),
  })).filter(({ baseM3h }) => baseM3h !== 0);
  if (parts.length === 0) return [];
  return [{ node, parts, meanM3h: parts.reduce((sum, { baseM3h, pattern }) => sum + baseM3h * mean(pattern), 0) }];
}

function readReservoir(toolkit: Toolkit, readPattern: ReadPattern, node: string): NetworkFile['reservoirs'][number] {
  const index = toolkit.getNodeIndex(node);
  return {
    node,
    headM: toolkit.getNodeValue(index, NODE.elevation),
    pattern: readPattern(toolkit.getNodeValue(index, NODE.pattern)),
  };
}

type ReadPattern = (index: number) => Pattern;

/** A pattern of a week has thousands of values, and hundreds of junctions share it. */
function patternReader(toolkit: Toolkit): ReadPattern {
  const read = new Map<number, Pattern>([[0, null]]);
  return (index) => {
    const known = read.get(index);
    if (known !== undefined) return known;
    const length = toolkit.getPatternLength(index);
    const values = Array.from({ length }, (_, i) => toolkit.getPatternValue(index, i + 1));
    read.set(index, values);
    return values;
  };
}

function hasEmitters(toolkit: Toolkit): boolean {
  return toolkit.getNodeValues(NODE.emitter).some((coefficient) => coefficient > 0);
}

function readControls(toolkit: Toolkit): Control[] {
  return Array.from({ length: toolkit.getCount(COUNT.controls) }, (_, i) => {
    const { type, linkIndex, setting, nodeIndex, level } = toolkit.getControl(i + 1);
    const node = nodeIndex === 0 ? '' : toolkit.getNodeId(nodeIndex);
    return { index: i + 1, type, link: toolkit.getLinkId(linkIndex), setting, node, level };
  });
}

function readTimePremises(toolkit: Toolkit): NetworkFile['timePremises'] {
  return Array.from({ length: toolkit.getCount(COUNT.rules) }, (_, r) =>
    Array.from({ length: toolkit.getRule(r + 1).premiseCount }, (_, p) => ({
      rule: r + 1,
      premise: p + 1,
      ...toolkit.getPremise(r + 1, p + 1),
    })),
  )
    .flat()
    .filter(({ variable }) => variable === RULE_TIME)
    .map(({ rule, premise, value }) => ({ rule, premise, afterS: value }));
}

function mean(pattern: Pattern): number {
  return pattern === null ? 1 : pattern.reduce((sum, value) => sum + value, 0) / pattern.length;
}

function idsOf(count: number, idAt: (index: number) => string): string[] {
  return Array.from({ length: count }, (_, i) => idAt(i + 1));
}

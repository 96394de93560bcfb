/**
 * Where water goes into a tank and out of it. All that leads to a tank ends in a junction before it, and one pipe goes on
 * from there; where that is shut, water passes an empty or full tank by.
 */
import { COUNT, LINK, LINK_TYPE, NODE, NODE_TYPE, type Toolkit } from './epanet.ts';
import type { NetworkFile } from './network-file.ts';
import type { Tanks } from './tanks.ts';

/** Hundredths of a millimetre are lost there. With next to nothing its flow would be noise, and take EPANET many trials. */
const LENGTH_M = 0.1;
const WIDER = 2;
/** Where only pumps lead to the tank. */
const LEAST_M = 0.2;
const HAIR_M = 1e-6;

export interface WaysIn {
  /** A run begins from the tanks' levels. */
  begin(): void;
  /** Nothing flows out of an empty tank, nor into a full one that has no overflow. */
  solve(): void;
  /** m3/h into each tank, in the file's order. */
  inflows(): readonly number[];
}

/** By index. */
interface WayIn {
  readonly tank: number;
  readonly before: number;
  readonly pipe: number;
  /** All else that meets there. */
  readonly links: readonly { readonly index: number; readonly sign: 1 | -1 }[];
}

export function addWaysIn(toolkit: Toolkit, file: NetworkFile): void {
  for (const [i, tank] of file.tanks.entries()) addWayIn(toolkit, file, { tank, name: nameOf(i) });
}

/** Of a network that has them, and will not be changed any more. */
export function createWaysIn(toolkit: Toolkit, file: NetworkFile, tanks: Tanks): WaysIn {
  const ways = file.tanks.map((tank, i) => findWayIn(toolkit, { tank, name: nameOf(i) }));
  /** Those that are shut, and whether since their tank is full. */
  const shut = new Map<number, boolean>();
  let inflows: readonly number[] = [];

  function tellLevels(): void {
    for (const [i, { tank }] of ways.entries()) {
      // At its very bounds a tank reads a hair beyond them, and EPANET refuses that.
      const lowest = toolkit.getNodeValue(tank, NODE.minLevel) + HAIR_M;
      const highest = toolkit.getNodeValue(tank, NODE.maxLevel) - HAIR_M;
      const levelM = Math.min(highest, Math.max(lowest, tanks.levelM(file.tanks[i] ?? '') ?? 0));
      toolkit.setNodeValue(tank, NODE.tankLevel, levelM);
    }
  }

  /** Where water would now go the other way: into an empty tank, out of a full one. */
  function isFreed({ tank, before }: WayIn, isFull: boolean): boolean {
    const riseM = toolkit.getNodeValue(before, NODE.head) - toolkit.getNodeValue(tank, NODE.head);
    return (isFull ? -riseM : riseM) > HAIR_M;
  }

  function openFreed(): void {
    const freed = ways.flatMap((way, i) => (shut.has(i) && isFreed(way, shut.get(i) === true) ? [i] : []));
    for (const i of freed) {
      shut.delete(i);
      toolkit.setLinkValue(ways[i]?.pipe ?? 0, LINK.status, 1);
    }
    if (freed.length > 0) toolkit.runH();
  }

  /** Of tanks of which not a second's flow is left, or has room. */
  function spent(): number[] {
    inflows = ways.map((way) => inflow(toolkit, way));
    return file.tanks.flatMap((id, i) => (tanks.lastsS(id, inflows[i] ?? 0) < 1 ? [i] : []));
  }

  return {
    begin() {
      shut.clear();
      tellLevels();
    },
    solve() {
      tellLevels();
      toolkit.runH();
      openFreed();
      // Each is shut once at most.
      for (let shutting = spent(); shutting.length > 0; shutting = spent()) {
        for (const i of shutting) {
          shut.set(i, (inflows[i] ?? 0) > 0);
          toolkit.setLinkValue(ways[i]?.pipe ?? 0, LINK.status, 0);
        }
        toolkit.runH();
      }
    },
    inflows: () => inflows,
  };
}

function nameOf(i: number): string {
  return `~tank-${i}`;
}

function addWayIn(toolkit: Toolkit, file: NetworkFile, { tank, name }: { tank: string; name: string }): void {
  const before = toolkit.addNode(name, NODE_TYPE.junction);
  toolkit.setNodeValue(before, NODE.elevation, toolkit.getNodeValue(toolkit.getNodeIndex(tank), NODE.elevation));
  const links = [...file.links.values()].filter(({ from, to }) => from === tank || to === tank);
  for (const { id, from, to } of links) {
    const index = toolkit.getLinkIndex(id);
    const { node1, node2 } = toolkit.getLinkNodes(index);
    toolkit.setLinkNodes(index, from === tank ? before : node1, to === tank ? before : node2);
  }
  const pipe = toolkit.addLink(name, LINK_TYPE.pipe, name, tank);
  toolkit.setLinkValue(pipe, LINK.length, LENGTH_M);
  const widestM = Math.max(LEAST_M, ...links.map(({ diameterM }) => diameterM));
  toolkit.setLinkValue(pipe, LINK.diameter, widestM * WIDER * 1000);
  toolkit.setLinkValue(pipe, LINK.minorLoss, 0);
}

function findWayIn(toolkit: Toolkit, { tank, name }: { tank: string; name: string }): WayIn {
  const pipe = toolkit.getLinkIndex(name);
  const before = toolkit.getNodeIndex(name);
  const links = Array.from({ length: toolkit.getCount(COUNT.links) }, (_, i) => i + 1).flatMap((index) => {
    const { node1, node2 } = toolkit.getLinkNodes(index);
    if (index === pipe || (node1 !== before && node2 !== before)) return [];
    return [{ index, sign: node2 === before ? (1 as const) : (-1 as const) }];
  });
  return { tank: toolkit.getNodeIndex(tank), before, pipe, links };
}

/** m3/h. The pipe itself has so little loss that its flow is solved less finely than those of the others. */
function inflow(toolkit: Toolkit, { pipe, links }: WayIn): number {
  if (toolkit.getLinkValue(pipe, LINK.status) === 0) return 0;
  return links.reduce((sum, { index, sign }) => sum + sign * toolkit.getLinkValue(index, LINK.flow), 0);
}

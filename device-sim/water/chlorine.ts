/**
 * Residual chlorine. EPANET's own solver keeps what is in a pipe to itself and could not go on from a snapshot, so this
 * is ours: every pipe is one mixed volume, every tank too, and what flows between them in five minutes is carried over.
 */
import type { Faults } from '../faults.ts';
import { LINK_TYPE, NODE_TYPE } from './epanet.ts';
import type { NetworkFile } from './network-file.ts';

const STEP_MS = 300_000;
/** mg/L, where the village's treatment adds it, and of the source where there is none. */
const DOSE_MG_L = 0.42;
/** Groundwater in plastic pipes loses about half in a day and a half. */
const DECAY_PER_DAY = 0.5;
/** What has been on its way for some hours, where nothing is known of the past. */
const AT_FIRST = 0.85;
const STILL_M3 = 1e-6;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** mg/L. Plain data. */
export interface ChlorineState {
  readonly nodes: Readonly<Record<string, number>>;
  readonly pipes: Readonly<Record<string, number>>;
}

/** Water flows for a while: m3/h and m in the file's order. */
interface Flowing {
  readonly fromMs: number;
  readonly toMs: number;
  readonly flows: readonly number[];
  readonly headsM: readonly number[];
  /** At the beginning. */
  tankM3(node: string): number;
}

export interface Chlorine {
  flow(segment: Flowing): void;
  mgL(node: string): number;
  state(): ChlorineState;
}

export interface ChlorineOptions {
  readonly file: NetworkFile;
  /** Nodes at which chlorine is added to all that flows through. */
  readonly dosedAt: ReadonlySet<string>;
  readonly faults: Faults;
  readonly saved?: ChlorineState | undefined;
}

export function createChlorine({ file, faults, dosedAt, saved }: ChlorineOptions): Chlorine {
  const nodeIds = [...file.nodes.keys()];
  const place = new Map(nodeIds.map((id, i) => [id, i]));
  const links = [...file.links.values()].map((link) => ({
    from: place.get(link.from) ?? 0,
    to: place.get(link.to) ?? 0,
    isPipe: link.type <= LINK_TYPE.pipe,
    volumeM3: (Math.PI / 4) * link.diameterM ** 2 * link.lengthM,
  }));
  const linksAt: number[][] = nodeIds.map(() => []);
  links.forEach(({ from, to }, i) => {
    linksAt[from]?.push(i);
    linksAt[to]?.push(i);
  });
  const types = nodeIds.map((id) => file.nodes.get(id)?.type ?? NODE_TYPE.junction);
  const linkIds = [...file.links.keys()];
  const inNodes = Float64Array.from(nodeIds, (id) => saved?.nodes[id] ?? DOSE_MG_L * AT_FIRST);
  const inPipes = Float64Array.from(linkIds, (id) => saved?.pipes[id] ?? DOSE_MG_L * AT_FIRST);
  /** From `from` to `to` since the last step. */
  const movedM3 = new Float64Array(links.length);
  const order = nodeIds.map((_, i) => i);
  let sinceMs = 0;
  /** Of what there was at the last step. */
  let left = 1;

  /** How much water came out of a link into a node; 0 or less where it went the other way. */
  const movedInto = (node: number, link: number): number => (movedM3[link] ?? 0) * (links[link]?.to === node ? 1 : -1);

  /** mg/L of what comes out of a link into a node. */
  function outOf(link: number, node: number): number {
    const { from, to, isPipe } = links[link] as (typeof links)[number];
    return (isPipe ? inPipes[link] : inNodes[to === node ? from : to]) ?? 0;
  }

  /** What comes into a node: how much water, and its chlorine. */
  function inflow(node: number): { m3: number; grams: number } {
    let m3 = 0;
    let grams = 0;
    for (const link of linksAt[node] ?? []) {
      const moved = Math.max(0, movedInto(node, link));
      m3 += moved;
      grams += moved * outOf(link, node);
    }
    return { m3, grams };
  }

  function mixed(node: number, now: Flowing): number {
    const id = nodeIds[node] ?? '';
    const kept = (inNodes[node] ?? 0) * left;
    if (types[node] === NODE_TYPE.reservoir) return dosedAt.size === 0 ? DOSE_MG_L : 0;
    const { m3, grams } = inflow(node);
    const heldM3 = types[node] === NODE_TYPE.tank ? now.tankM3(id) : 0;
    if (heldM3 + m3 < STILL_M3) return kept;
    if (m3 > STILL_M3 && dosedAt.has(id))
      return faults.acting('dosing-failure', id, now.fromMs)?.sizes.doseMgL ?? DOSE_MG_L;
    return (kept * heldM3 + grams) / (heldM3 + m3);
  }

  /** The pipes that the node feeds take in of its water, and mix. */
  function feed(node: number): void {
    for (const link of linksAt[node] ?? []) {
      const { isPipe, volumeM3 } = links[link] as (typeof links)[number];
      const moved = -movedInto(node, link);
      if (moved <= 0 || !isPipe) continue;
      inPipes[link] = ((inPipes[link] ?? 0) * volumeM3 + (inNodes[node] ?? 0) * moved) / (volumeM3 + moved);
    }
  }

  function step(now: Flowing): void {
    left = Math.exp((-DECAY_PER_DAY * sinceMs) / DAY_MS);
    for (let i = 0; i < links.length; i++) inPipes[i] = (inPipes[i] ?? 0) * left;
    // Water runs down from head to head; only a pump's lags a step behind.
    order.sort((a, b) => (now.headsM[b] ?? 0) - (now.headsM[a] ?? 0) || a - b);
    for (const node of order) {
      inNodes[node] = mixed(node, now);
      feed(node);
    }
    movedM3.fill(0);
    sinceMs = 0;
  }

  return {
    flow(now) {
      const hours = (now.toMs - now.fromMs) / HOUR_MS;
      for (let i = 0; i < links.length; i++) movedM3[i] = (movedM3[i] ?? 0) + (now.flows[i] ?? 0) * hours;
      sinceMs += now.toMs - now.fromMs;
      if (now.toMs % STEP_MS === 0) step(now);
    },
    mgL: (node) => inNodes[place.get(node) ?? -1] ?? 0,
    state: () => ({
      nodes: Object.fromEntries(nodeIds.map((id, i) => [id, inNodes[i] ?? 0])),
      pipes: Object.fromEntries(linkIds.map((id, i) => [id, inPipes[i] ?? 0])),
    }),
  };
}

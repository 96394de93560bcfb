/**
 * Homes with water for some hours a day have a tank each. What they want and do not get comes out of it; when supply is
 * back, its float valve takes that on top of what is used.
 */
import type { Faults } from '../faults.ts';
import type { Consumer } from './demand.ts';
import type { NetworkFile } from './network-file.ts';

const TANK_M3 = 0.5;
/** What a 15 mm float valve lets through. */
const FILL_M3H = 0.3;

/** What is missing in the tanks of each junction's homes, m3. Plain data. */
export type HouseholdState = Readonly<Record<string, number>>;

export interface Households {
  /** m3/h on top of what is used, where water comes. */
  refill(consumer: number, stepS: number): number;
  /** Whether anything is to be told of the segment. */
  readonly isActive: boolean;
  /** A segment is over: what a junction's homes used to want, and what was delivered with the refill. */
  note(consumer: number, flows: { wanted: number; delivered: number }, passedS: number): void;
  /** Which junctions are supplied by hours from now on. */
  look(atMs: number): void;
  state(): HouseholdState;
}

export function createHouseholds(
  consumers: readonly Consumer[],
  { file, faults, saved = {} }: { file: NetworkFile; faults: Faults; saved?: HouseholdState | undefined },
): Households {
  const missingM3 = Float64Array.from(consumers, ({ node }) => saved[node] ?? 0);
  const behind = new Map<string, ReadonlySet<string>>();
  let byHours: readonly ReadonlySet<string>[] = [];
  const isByHours = ({ node }: Consumer): boolean => byHours.some((nodes) => nodes.has(node));

  function behindOf(link: string): ReadonlySet<string> {
    const nodes = behind.get(link) ?? withoutSource(file, link);
    behind.set(link, nodes);
    return nodes;
  }

  return {
    get isActive() {
      return byHours.length > 0 || missingM3.some((m3) => m3 > 0);
    },
    look(atMs) {
      byHours = faults.actingAnywhere('intermittent-supply', atMs).map(({ target }) => behindOf(target));
    },
    refill(i, stepS) {
      const most = (consumers[i]?.connections ?? 0) * FILL_M3H;
      return Math.min(most, ((missingM3[i] ?? 0) * 3600) / stepS);
    },
    note(i, { wanted, delivered }, passedS) {
      const consumer = consumers[i];
      if (!consumer || consumer.connections === 0) return;
      const now = (missingM3[i] ?? 0) + ((wanted - delivered) * passedS) / 3600;
      // Homes that have had water all day have no tank to empty.
      const most = isByHours(consumer) ? consumer.connections * TANK_M3 : (missingM3[i] ?? 0);
      missingM3[i] = Math.min(most, Math.max(0, now));
    },
    state: () =>
      Object.fromEntries(
        consumers.flatMap(({ node }, i) => ((missingM3[i] ?? 0) > 0 ? [[node, missingM3[i] ?? 0]] : [])),
      ),
  };
}

/** Nodes that no reservoir or tank reaches where the link is closed. */
function withoutSource(file: NetworkFile, closed: string): ReadonlySet<string> {
  const next = new Map<string, string[]>([...file.nodes.keys()].map((id) => [id, []]));
  for (const { id, from, to } of file.links.values()) {
    if (id === closed) continue;
    next.get(from)?.push(to);
    next.get(to)?.push(from);
  }
  const reached = new Set([...file.tanks, ...file.reservoirs.map(({ node }) => node)]);
  for (const node of reached) for (const other of next.get(node) ?? []) reached.add(other);
  return new Set(file.junctions.filter((id) => !reached.has(id)));
}

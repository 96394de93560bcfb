/**
 * What pairs of one figure, each measured for both commits in one round, say of their true ratio. The rule and its power
 * are in ADR 0023: the exact signed-rank test of Wilcoxon on the logarithms of the ratios, at 5 %.
 */
import { median } from '../statistics.ts';

export type Better = 'less' | 'more';

/** `good` and `worse` are shown by the pairs; `open`: they exclude neither; `shown`: nothing is asked of it. */
type Verdict = 'good' | 'worse' | 'open' | 'shown' | 'not measured';

export interface Pair {
  readonly base: number;
  readonly now: number;
}

export interface Judgement {
  /** Now by base. */
  readonly ratio: { readonly median: number; readonly min: number; readonly max: number };
  readonly each: readonly number[];
  readonly verdict: Verdict;
}

/** One of twenty comparisons that lie exactly at their bar is called worse. */
const LEVEL = 0.05;
/** Fewer cannot reach the level, whatever they show: all of four on one side have a chance of 1 in 16. */
export const MIN_ROUNDS = 5;

/** `bar`: the ratio that must be reached, at most where less is better, at least where more is; null: none. */
export function judge(pairs: readonly Pair[], better: Better, bar: number | null): Judgement {
  const each = pairs.map(({ base, now }) => now / base);
  const ratio = { median: median(each), min: Math.min(...each), max: Math.max(...each) };
  return { ratio, each, verdict: verdictOf(each, better, bar) };
}

function verdictOf(ratios: readonly number[], better: Better, bar: number | null): Verdict {
  if (bar === null) return 'shown';
  if (ratios.length === 0 || !ratios.every((ratio) => ratio > 0 && ratio < Number.POSITIVE_INFINITY)) {
    return 'not measured';
  }
  const beyond = ratios.map((ratio) => (better === 'less' ? 1 : -1) * (Math.log(ratio) - Math.log(bar)));
  if (chanceOfAsMuch(beyond) <= LEVEL) return 'worse';
  return chanceOfAsMuch(beyond.map((by) => -by)) <= LEVEL ? 'good' : 'open';
}

/**
 * How probable it is that values which lie about 0 symmetrically lie above it by as much as these: the share of all
 * ways to give their sizes a sign that have no smaller sum of ranks above 0.
 */
export function chanceOfAsMuch(values: readonly number[]): number {
  const ranks = doubledRanks(values.map(Math.abs));
  const above = ranks.reduce((sum, rank, i) => ((values[i] ?? 0) > 0 ? sum + rank : sum), 0);
  let ways = new Map([[0, 1]]);
  for (const rank of ranks) {
    const next = new Map(ways);
    for (const [sum, count] of ways) next.set(sum + rank, (next.get(sum + rank) ?? 0) + count);
    ways = next;
  }
  const asMuch = [...ways].reduce((total, [sum, count]) => (sum >= above ? total + count : total), 0);
  return asMuch / 2 ** ranks.length;
}

/** Twice the rank, so that the mean rank of equals is whole. */
function doubledRanks(sizes: readonly number[]): number[] {
  return sizes.map((size) => {
    const smaller = sizes.filter((other) => other < size).length;
    const equal = sizes.filter((other) => other === size).length;
    return 2 * smaller + equal + 1;
  });
}

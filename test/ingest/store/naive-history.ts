import type { HistoryQuery, HistoryResult } from '../../../model/history.ts';

/** History as contract 3.4 words it, from all readings of the series, in order of ts. */
export function naiveHistory(
  readings: readonly (readonly [number, number | null])[],
  query: HistoryQuery,
): HistoryResult {
  const { from, to, points, aggregate } = query;
  const within = readings.filter(([ts]) => ts >= from && ts < to);
  if (aggregate === 'raw') {
    return { bucketMs: 0, points: within.slice(0, points), next: within[points]?.[0] ?? null };
  }
  const bucketMs = Math.max(1, Math.ceil((to - from) / points));
  const buckets = Map.groupBy(within, ([ts]) => Math.floor((ts - from) / bucketMs));
  return {
    bucketMs,
    next: null,
    points: [...buckets].map(([index, inside]) => {
      const good = inside.map(([, value]) => value).filter((value) => value !== null);
      const mean = good.reduce((sum, value) => sum + value, 0) / good.length;
      const whole = { mean: [mean], min: [Math.min(...good)], max: [Math.max(...good)], last: [good.at(-1) ?? null] };
      const values = { ...whole, minmax: [...whole.min, ...whole.max, mean] }[aggregate];
      return [from + index * bucketMs, ...(good.length > 0 ? values : values.map(() => null))];
    }),
  };
}

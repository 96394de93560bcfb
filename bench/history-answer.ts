/** What /api/history must answer, worked out plainly from all readings (contract 3.4). */

export type BucketAggregate = 'mean' | 'min' | 'max' | 'minmax' | 'last';

type Reading = readonly [ts: number, value: number];
type Point = readonly (number | null)[];

export interface BucketQuery {
  readonly from: number;
  readonly to: number;
  readonly points: number;
  readonly aggregate: BucketAggregate;
}

/** Sums in another order differ in their last digits. */
const RELATIVE_TOLERANCE = 1e-9;

export function computeBuckets(readings: readonly Reading[], { from, to, points, aggregate }: BucketQuery): Point[] {
  const bucketMs = Math.ceil((to - from) / points);
  const inside = readings.filter(([ts]) => ts >= from && ts < to);
  const buckets = Map.groupBy(inside, ([ts]) => from + Math.floor((ts - from) / bucketMs) * bucketMs);
  return [...buckets].map(([start, members]) => [start, ...summarize(members, aggregate)]);
}

function summarize(members: readonly Reading[], aggregate: BucketAggregate): number[] {
  const values = members.map(([, value]) => value);
  const [min, max] = [Math.min(...values), Math.max(...values)];
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const last = values.at(-1) ?? Number.NaN;
  return { mean: [mean], min: [min], max: [max], minmax: [min, max, mean], last: [last] }[aggregate];
}

export function sameBuckets(answer: readonly Point[], expected: readonly Point[]): boolean {
  return (
    answer.length === expected.length &&
    expected.every((point, i) => point.every((value, field) => isClose(answer[i]?.[field], value)))
  );
}

function isClose(a: number | null | undefined, b: number | null): boolean {
  if (a === null || a === undefined || b === null) return a === b;
  return Math.abs(a - b) <= RELATIVE_TOLERANCE * Math.abs(b);
}

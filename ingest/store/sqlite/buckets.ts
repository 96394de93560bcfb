/** Buckets of equal width over `[from, to)`, filled oldest first (contract 3.4). One without readings is left out. */
import type { Aggregate } from '../../../model/history.ts';
import { BAD, countBelow, type SeriesColumns } from './columns.ts';
import { createPoints, type PackedPoints } from './packed-points.ts';
import { addSummary, addValue, clearSummary, emptySummary, type Summary } from './summary.ts';

export interface BucketOptions {
  readonly from: number;
  readonly to: number;
  readonly bucketMs: number;
  readonly aggregate: Exclude<Aggregate, 'raw'>;
}

export interface Buckets {
  addReadings(readings: SeriesColumns): void;
  /** What was summarised between `start` and `end`, if one bucket holds all of it. */
  addWhole(start: number, end: number, summary: Summary): boolean;
  /** Call it last. */
  points(): PackedPoints;
}

/** The values of a point behind its time. */
const VALUES: Record<Exclude<Aggregate, 'raw'>, readonly ((summary: Summary) => number)[]> = {
  mean: [({ sum, good }) => sum / good],
  min: [({ min }) => min],
  max: [({ max }) => max],
  last: [({ last }) => last],
  minmax: [({ min }) => min, ({ max }) => max, ({ sum, good }) => sum / good],
};

export function createBuckets({ from, to, bucketMs, aggregate }: BucketOptions): Buckets {
  const values = VALUES[aggregate];
  const points = createPoints(1 + values.length);
  /** The bucket that is being filled: one object for all of them. */
  const summary = emptySummary();
  let index = -1;
  const indexOf = (ts: number): number => Math.floor((ts - from) / bucketMs);

  function enter(next: number): void {
    if (next === index) return;
    leave();
    index = next;
  }

  function leave(): void {
    if (index < 0) return;
    points.push(from + index * bucketMs);
    // A bucket of bad readings alone has no value, but it is there.
    for (const value of values) points.push(summary.good > 0 ? value(summary) : null);
    clearSummary(summary);
  }

  return {
    addReadings(readings) {
      const { ts, value, quality } = readings;
      const end = countBelow(readings, to);
      let bucketEnd = Number.NEGATIVE_INFINITY;
      for (let i = countBelow(readings, from); i < end; i++) {
        const time = ts[i] ?? 0;
        if (time >= bucketEnd) {
          enter(indexOf(time));
          bucketEnd = from + (index + 1) * bucketMs;
        }
        if (quality[i] !== BAD) addValue(summary, value[i] ?? 0);
      }
    },
    addWhole(start, end, whole) {
      if (start < from || end >= to || indexOf(start) !== indexOf(end)) return false;
      enter(indexOf(start));
      addSummary(summary, whole);
      return true;
    },
    points() {
      leave();
      index = -1;
      return points.take();
    },
  };
}

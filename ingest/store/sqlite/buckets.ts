/** Buckets of equal width over `[from, to)`, filled oldest first (contract 3.4). One without readings is left out. */
import type { Aggregate, HistoryPoint } from '../../../model/history.ts';
import { BAD, countBelow, type SeriesColumns } from './columns.ts';
import { addSummary, addValue, emptySummary, type Summary } from './summary.ts';

export interface BucketRange {
  readonly from: number;
  readonly to: number;
  readonly bucketMs: number;
}

export interface Buckets {
  addReadings(readings: SeriesColumns): void;
  /** What was summarised between `start` and `end`, if one bucket holds all of it. */
  addWhole(start: number, end: number, summary: Summary): boolean;
  points(aggregate: Exclude<Aggregate, 'raw'>): readonly HistoryPoint[];
}

/** The values of a point behind its time. */
const VALUES: Record<Exclude<Aggregate, 'raw'>, (summary: Summary) => readonly number[]> = {
  mean: ({ sum, good }) => [sum / good],
  min: ({ min }) => [min],
  max: ({ max }) => [max],
  last: ({ last }) => [last],
  minmax: ({ min, max, sum, good }) => [min, max, sum / good],
};

export function createBuckets({ from, to, bucketMs }: BucketRange): Buckets {
  const filled: { readonly index: number; readonly summary: Summary }[] = [];
  const indexOf = (ts: number): number => Math.floor((ts - from) / bucketMs);

  function bucket(index: number): Summary {
    const last = filled.at(-1);
    if (last?.index === index) return last.summary;
    const summary = emptySummary();
    filled.push({ index, summary });
    return summary;
  }

  return {
    addReadings(readings) {
      const { ts, value, quality } = readings;
      const end = countBelow(readings, to);
      let summary = emptySummary();
      let bucketEnd = Number.NEGATIVE_INFINITY;
      for (let i = countBelow(readings, from); i < end; i++) {
        const time = ts[i] ?? 0;
        if (time >= bucketEnd) {
          summary = bucket(indexOf(time));
          bucketEnd = from + (indexOf(time) + 1) * bucketMs;
        }
        if (quality[i] !== BAD) addValue(summary, value[i] ?? 0);
      }
    },
    addWhole(start, end, summary) {
      if (start < from || end >= to || indexOf(start) !== indexOf(end)) return false;
      addSummary(bucket(indexOf(start)), summary);
      return true;
    },
    points(aggregate) {
      // A bucket of bad readings alone has no value, but it is there.
      const none = aggregate === 'minmax' ? [null, null, null] : [null];
      return filled.map(({ index, summary }) => [
        from + index * bucketMs,
        ...(summary.good > 0 ? VALUES[aggregate](summary) : none),
      ]);
    },
  };
}

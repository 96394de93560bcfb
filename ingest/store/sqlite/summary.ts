/** What is left of many readings when only their extent is asked for: minimum and maximum survive, and so does a spike. */
import { BAD, type SeriesColumns } from './columns.ts';

/** Of the readings that are not bad; `good` counts them. With none of them the rest is 0 and means nothing. */
export interface Summary {
  good: number;
  min: number;
  max: number;
  sum: number;
  /** The newest. */
  last: number;
}

export function emptySummary(): Summary {
  return { good: 0, min: 0, max: 0, sum: 0, last: 0 };
}

export function clearSummary(summary: Summary): void {
  summary.good = 0;
  summary.min = 0;
  summary.max = 0;
  summary.sum = 0;
  summary.last = 0;
}

/** Of rows `[from, to)`. */
export function summarise({ value, quality }: SeriesColumns, from: number, to: number): Summary {
  const summary = emptySummary();
  for (let i = from; i < to; i++) if (quality[i] !== BAD) addValue(summary, value[i] ?? 0);
  return summary;
}

/** Takes in a value that is newer than all before. */
export function addValue(summary: Summary, value: number): void {
  if (summary.good === 0 || value < summary.min) summary.min = value;
  if (summary.good === 0 || value > summary.max) summary.max = value;
  summary.sum += value;
  summary.last = value;
  summary.good++;
}

/** Takes in what is newer than all before. */
export function addSummary(summary: Summary, newer: Summary): void {
  if (newer.good === 0) return;
  if (summary.good === 0 || newer.min < summary.min) summary.min = newer.min;
  if (summary.good === 0 || newer.max > summary.max) summary.max = newer.max;
  summary.sum += newer.sum;
  summary.last = newer.last;
  summary.good += newer.good;
}

/** Whether it may be of readings: what a flipped bit leaves is mostly none. */
export function isSummary({ good, min, max, last }: Summary): boolean {
  if (!Number.isInteger(good) || good < 0) return false;
  return good === 0 || (min <= last && last <= max);
}

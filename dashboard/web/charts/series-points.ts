/** Points of a chart: history from the server, live values behind it, gaps left as gaps. */
import type { HistoryWire } from '../../wire.ts';

/** `min`, `max` and `mean` are one and the same for a single reading; all null where there is nothing to draw. */
export interface ChartPoint {
  readonly ts: number;
  readonly min: number | null;
  readonly max: number | null;
  readonly mean: number | null;
}

/** History as points. A bucket stands at its middle, for its mean is not the value at its start; none in the future. */
export function toChartPoints(history: Pick<HistoryWire, 'bucketMs' | 'points'>, nowMs: number): ChartPoint[] {
  return history.points.map((row) => {
    const [ts, first = null, max = first, mean = first] = row;
    return {
      ts: Math.min((ts ?? 0) + history.bucketMs / 2, Math.max(nowMs, ts ?? 0)),
      min: first,
      max: max ?? null,
      mean: mean ?? null,
    };
  });
}

/** With the live value behind, if it is newer; otherwise the same array. */
export function withLive(points: readonly ChartPoint[], ts: number, value: number | null): readonly ChartPoint[] {
  const last = points.at(-1);
  if (last && ts <= last.ts) return points;
  return [...points, { ts, min: value, max: value, mean: value }];
}

/** Distance from which two neighbours are not joined: half as much again as readings or buckets are apart. */
export function gapMs(bucketMs: number, everyS: number): number {
  return 1.5 * Math.max(bucketMs, everyS * 1000);
}

/** An empty point into each gap, so that no line is drawn over hours nobody measured. */
export function withGaps(points: readonly ChartPoint[], longestMs: number): ChartPoint[] {
  const result: ChartPoint[] = [];
  let previous: ChartPoint | undefined;
  for (const point of points) {
    if (previous && point.ts - previous.ts > longestMs) {
      result.push({ ts: (previous.ts + point.ts) / 2, min: null, max: null, mean: null });
    }
    result.push(point);
    previous = point;
  }
  return result;
}

export function meanLine(points: readonly ChartPoint[]): [number, number | null][] {
  return points.map((p) => [p.ts, p.mean]);
}

/** Least and greatest of what is drawn; null when there is nothing. */
export function extent(points: readonly ChartPoint[]): readonly [number, number] | null {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const { min, max } of points) {
    if (min !== null && min < low) low = min;
    if (max !== null && max > high) high = max;
  }
  return low <= high ? [low, high] : null;
}

/** The vertical range of a chart: the data, the limits near it, some air; never so narrow that noise looks like news. */
export function valueRange(
  data: readonly [number, number] | null,
  marks: readonly number[],
  leastSpan: number,
): [number, number] {
  const [low, high] = data ?? [Math.min(0, ...marks), Math.max(leastSpan, ...marks)];
  const span = Math.max(high - low, leastSpan);
  const near = marks.filter((mark) => mark > low - 2 * span && mark < high + 2 * span);
  const from = Math.min(low, ...near);
  const to = Math.max(high, ...near);
  const air = Math.max((to - from) * 0.08, (leastSpan - (to - from)) / 2);
  // A quantity that never was below zero is not drawn there.
  return [from >= 0 ? Math.max(0, from - air) : from - air, to + air];
}

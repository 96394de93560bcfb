/** Geometry of the small pictures: sparkline and range bar. Pure. */
import type { LimitWire } from '../../wire.ts';
import type { ChartPoint } from './series-points.ts';
import { extent } from './series-points.ts';

export const SPARK_WIDTH = 100;
export const SPARK_HEIGHT = 28;

/** An SVG path over [from, to], interrupted where a point is empty. Empty text when there is nothing to draw. */
export function sparkPath(points: readonly ChartPoint[], from: number, to: number): string {
  const shown = points.filter((p) => p.ts >= from && p.ts <= to);
  const range = extent(shown.map(({ ts, mean }) => ({ ts, mean, min: mean, max: mean })));
  if (!range) return '';
  const [low, high] = range;
  const span = high - low || 1;
  // A line that never moves stands in the middle.
  const base = high === low ? 0.5 : 0;
  let pen = 'M';
  let path = '';
  for (const { ts, mean } of shown) {
    if (mean === null) {
      pen = 'M';
      continue;
    }
    const x = ((ts - from) / (to - from)) * SPARK_WIDTH;
    const y = SPARK_HEIGHT - 1 - (base + (mean - low) / span) * (SPARK_HEIGHT - 2);
    path += `${pen}${x.toFixed(1)} ${y.toFixed(1)}`;
    pen = 'L';
  }
  return path;
}

/** Where a value stands between its limits, as parts of the bar's width. */
export interface RangeBar {
  readonly normalFrom: number;
  readonly normalTo: number;
  readonly at: number;
}

/** Null without a limit: then there is no normal band to stand in. */
export function rangeBar(limits: readonly LimitWire[], value: number): RangeBar | null {
  const lows = limits.map((l) => l.below).filter((v) => v !== null);
  const highs = limits.map((l) => l.above).filter((v) => v !== null);
  if (lows.length + highs.length === 0) return null;
  const low = lows.length > 0 ? Math.max(...lows) : null;
  const high = highs.length > 0 ? Math.min(...highs) : null;
  const normal = high !== null && low !== null ? high - low : Math.abs(high ?? low ?? 0) || 1;
  const from = Math.min(low === null ? 0 : low - normal / 3, value);
  const to = Math.max(high === null ? (low ?? 0) + normal * 1.5 : high + normal / 3, value);
  const part = (v: number) => (v - from) / (to - from || 1);
  return {
    normalFrom: low === null ? 0 : part(low),
    normalTo: high === null ? 1 : part(high),
    at: part(value),
  };
}

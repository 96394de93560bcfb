/** From what there is to what a sensor says of it: its noise, its range, its smallest step. */
import type { ProfileMetric } from '../../model/profile.ts';
import { gauss } from '../noise.ts';

/** A sound sensor's noise, which never leaves the range of the metric. */
export function withNoise({ noise, noiseShare, min, max }: ProfileMetric, value: number, draw: Draw): number {
  if (noise === 0 && noiseShare === 0) return value;
  const spread = value * noiseShare + noise;
  return Math.min(max, Math.max(min, value + spread * gauss(draw.key, draw.atMs)));
}

/** One draw of chance: of a series, at a time. */
export interface Draw {
  readonly key: number;
  readonly atMs: number;
}

/** How a metric's values are rounded. Made once per series. */
export function createRounding({ resolution }: ProfileMetric): (value: number) => number {
  if (resolution === 0) return (value) => value;
  const perOne = Math.round(1 / resolution);
  // Adding 0 turns -0 into 0.
  if (Math.abs(perOne * resolution - 1) < 1e-9) return (value) => Math.round(value * perOne) / perOne + 0;
  return (value) => Number((Math.round(value / resolution) * resolution).toFixed(9)) + 0;
}

/** The readings of the last while, thinned so that it stays small however often a device reports. */

export type WindowPoint = readonly [ts: number, value: number];

const MOST_POINTS = 60;
/** Less than this part of it says nothing of the whole. */
const ENOUGH = 0.8;

/** Drops what is older than the window; a point that comes sooner than a 60th of it after the last is left out. */
export function addToWindow(
  points: readonly WindowPoint[],
  point: WindowPoint,
  windowMs: number,
): readonly WindowPoint[] {
  const last = points.at(-1);
  if (last && point[0] - last[0] < windowMs / MOST_POINTS) return points;
  const from = points.findIndex(([ts]) => ts >= point[0] - windowMs);
  return from < 0 ? [point] : [...points.slice(from), point];
}

export function isFilled(points: readonly WindowPoint[], windowMs: number): boolean {
  const [first, last] = [points[0], points.at(-1)];
  return first !== undefined && last !== undefined && points.length >= 3 && last[0] - first[0] >= windowMs * ENOUGH;
}

export function meanOf(points: readonly WindowPoint[]): number {
  return points.reduce((sum, [, value]) => sum + value, 0) / points.length;
}

/** Of the line that fits best, per hour. */
export function slopePerHour(points: readonly WindowPoint[]): number {
  const meanTs = points.reduce((sum, [ts]) => sum + ts, 0) / points.length;
  const mean = meanOf(points);
  let [across, along] = [0, 0];
  for (const [ts, value] of points) {
    across += (ts - meanTs) * (value - mean);
    along += (ts - meanTs) ** 2;
  }
  return along === 0 ? 0 : (across / along) * 3_600_000;
}

/** Arithmetic of a reservoir: volume, direction, hours left. Levels in m, volumes in m3, times in epoch ms. */

type LevelVolume = readonly (readonly [number, number])[];
type Point = readonly [number, number | null];

const HOUR_MS = 3_600_000;
/** Slower than this is a standing level: a sensor's noise over an hour is some mm. */
const NOTABLE_M_PER_H = 0.01;
/** Beyond this a forecast says nothing. */
const FURTHEST_HOURS = 48;
/** Every filling is on its way to the overflow until its pump stops: only a near one is news. */
const FURTHEST_OVERFLOW_HOURS = 1;

/** Volume at a level, straight between the pairs; outside them the nearest pair's, never an invented one. */
export function volumeAt(pairs: LevelVolume, levelM: number): number | null {
  const first = pairs[0];
  const last = pairs.at(-1);
  if (!first || !last) return null;
  if (levelM <= first[0]) return first[1];
  for (let i = 1; i < pairs.length; i++) {
    const [lowLevel, lowVolume] = pairs[i - 1] ?? first;
    const [highLevel, highVolume] = pairs[i] ?? last;
    if (levelM > highLevel) continue;
    return lowVolume + ((highVolume - lowVolume) * (levelM - lowLevel)) / (highLevel - lowLevel);
  }
  return last[1];
}

/** Surface in m2 at a level: how many m3 one metre holds there. */
export function surfaceAt(pairs: LevelVolume, levelM: number): number | null {
  const above = pairs.findIndex(([level], i) => i > 0 && level >= levelM);
  const upper = above === -1 ? pairs.length - 1 : above;
  const [low, high] = [pairs[upper - 1], pairs[upper]];
  return low && high ? (high[1] - low[1]) / (high[0] - low[0]) : null;
}

/** Change per hour: the slope of the straight line through the points of the last while. Null with too little to say. */
export function ratePerHour(points: readonly Point[], nowMs: number, windowMs = HOUR_MS): number | null {
  const recent = points.filter((p): p is readonly [number, number] => p[1] !== null && p[0] > nowMs - windowMs);
  const first = recent[0];
  const last = recent.at(-1);
  if (!first || !last || recent.length < 3 || last[0] - first[0] < windowMs / 3) return null;
  const meanHours = recent.reduce((sum, p) => sum + (p[0] - first[0]) / HOUR_MS, 0) / recent.length;
  const meanValue = recent.reduce((sum, p) => sum + p[1], 0) / recent.length;
  let covariance = 0;
  let variance = 0;
  for (const [ts, value] of recent) {
    const hours = (ts - first[0]) / HOUR_MS - meanHours;
    covariance += hours * (value - meanValue);
    variance += hours * hours;
  }
  return variance > 0 ? covariance / variance : null;
}

export type Direction = 'rising' | 'falling' | 'steady';

export function direction(rateMPerH: number): Direction {
  if (Math.abs(rateMPerH) < NOTABLE_M_PER_H) return 'steady';
  return rateMPerH > 0 ? 'rising' : 'falling';
}

export interface Forecast {
  readonly until: 'fireReserve' | 'empty' | 'overflow';
  readonly hours: number;
}

/** When the level meets the next mark if it goes on like this; null when it stands, is past the mark or it is far. */
export function forecast(
  levelM: number,
  rateMPerH: number,
  marks: { readonly fireReserveM?: number; readonly overflowM?: number; readonly emptyM: number },
): Forecast | null {
  const way = direction(rateMPerH);
  if (way === 'steady') return null;
  if (way === 'rising') {
    if (marks.overflowM === undefined) return null;
    return within('overflow', (marks.overflowM - levelM) / rateMPerH, FURTHEST_OVERFLOW_HOURS);
  }
  const reserve = marks.fireReserveM;
  if (reserve !== undefined && levelM > reserve) return within('fireReserve', (reserve - levelM) / rateMPerH);
  return within('empty', (marks.emptyM - levelM) / rateMPerH);
}

function within(until: Forecast['until'], hours: number, furthest = FURTHEST_HOURS): Forecast | null {
  return hours >= 0 && hours <= furthest ? { until, hours } : null;
}

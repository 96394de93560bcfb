/** How much water homes take at a moment: the network file's pattern, the season, the day, and chance. */
import type { Demand } from './epanet.ts';
import type { LocalHour } from './local-time.ts';
import { gauss, noiseKey, wander } from './noise.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const YEAR_MS = 365.2425 * DAY_MS;
/** Gardens are watered around mid-July. */
const HIGH_SUMMER = 0.54;

export interface DemandContext {
  readonly seed: number;
  readonly localHour: LocalHour;
  readonly patternStepS: number;
}

/** The multiplier of one demand at a time: about 1 over a year. */
export function demandMultiplier(demand: Demand, { seed, localHour, patternStepS }: DemandContext) {
  const village = noiseKey(seed, 'demand');
  const own = noiseKey(seed, `demand/${demand.node}/${demand.pattern}`);
  return (atMs: number): number => {
    const usual = patternAt(demand.multipliers, (localHour(atMs) * 3600) / patternStepS);
    const day = 1 + 0.04 * gauss(village, Math.floor(atMs / DAY_MS));
    // A dozen homes: taps come and go within minutes.
    const chance = 1 + 0.4 * wander(own, atMs, 10 * MINUTE_MS) + 0.25 * gauss(own, atMs);
    return usual * season(atMs) * day * Math.max(0, chance);
  };
}

/** Part of the yearly mean: 0.92 in winter, 1.32 in July. */
function season(atMs: number): number {
  const summer = Math.max(0, Math.cos(2 * Math.PI * (atMs / YEAR_MS - HIGH_SUMMER)));
  return 0.92 + 0.4 * summer * summer;
}

/** A multiplier stands for its whole period; between the middles of two periods lies an even way, not a jump. */
function patternAt(multipliers: readonly number[], period: number): number {
  const place = period - 0.5;
  const before = Math.floor(place);
  const share = place - before;
  const at = (i: number): number => multipliers[(i + multipliers.length) % multipliers.length] ?? 1;
  return at(before) * (1 - share) + at(before + 1) * share;
}

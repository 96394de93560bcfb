/** Limits: a value, or its mean, beyond a limit, in device time. */
import type { LimitWatch } from '../../model/watch.ts';
import { CALM, type Detector, isDelayed, type Standing, settle } from './detector.ts';
import { addToWindow, isFilled, meanOf, type WindowPoint } from './window.ts';

export interface LimitMemory extends Standing {
  /** Of the mean; empty where the value itself is judged. */
  readonly points: readonly WindowPoint[];
}

const NO_POINTS: readonly WindowPoint[] = [];

export const limits: Detector<LimitWatch, LimitMemory> = {
  start: { ...CALM, points: NO_POINTS },

  evaluate(watch, memory, sample) {
    if (sample.value === null) return memory;
    if (watch.meanMs === 0)
      return settle(memory, isBeyond(watch, sample.value, memory.isActive), { delays: watch, sample });
    const before = sample.wasSilent ? NO_POINTS : memory.points;
    const points = addToWindow(before, [sample.ts, sample.value], watch.meanMs);
    const after = points === memory.points ? memory : { ...memory, points };
    if (!isFilled(points, watch.meanMs)) return after;
    return settle(after, isBeyond(watch, meanOf(points), memory.isActive), { delays: watch, sample });
  },

  facts({ below, above, is, meanMs }, { points }, { value }) {
    const judged = meanMs > 0 ? Number(meanOf(points).toPrecision(6)) : value;
    return { value: judged, limit: is ?? (judged !== null && judged < below ? below : above), values: {} };
  },

  isWorthKeeping: isDelayed,
};

/** Whether the value lies beyond a limit, or, once active, has not come back past the deadband. */
function isBeyond({ below, above, is, deadband }: LimitWatch, value: number, isActive: boolean): boolean {
  if (is !== null) return value === is;
  const back = isActive ? deadband : 0;
  return value < below + back || value > above - back;
}

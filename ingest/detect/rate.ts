/** Rate of change: a value that rises or falls faster than it may, over a window. */
import type { RateWatch } from '../../model/watch.ts';
import { CALM, type Detector, isDelayed, type Standing, settle } from './detector.ts';
import { addToWindow, isFilled, slopePerHour, type WindowPoint } from './window.ts';

export interface RateMemory extends Standing {
  readonly points: readonly WindowPoint[];
}

export const rate: Detector<RateWatch, RateMemory> = {
  start: { ...CALM, points: [] },

  evaluate(watch, memory, sample) {
    if (sample.value === null) return memory;
    const points = addToWindow(sample.wasSilent ? [] : memory.points, [sample.ts, sample.value], watch.overMs);
    if (points === memory.points) return memory;
    const after = { ...memory, points };
    if (!isFilled(points, watch.overMs)) return after;
    const back = memory.isActive ? watch.deadband : 0;
    const perHour = slopePerHour(points);
    return settle(after, perHour > watch.rises - back || -perHour > watch.falls - back, { delays: watch, sample });
  },

  facts({ rises, falls, overMs }, { points }, { value }) {
    const perHour = slopePerHour(points);
    const limit = perHour > 0 ? rises : -falls;
    return { value, limit, values: { perHour: Number(perHour.toPrecision(3)), overMin: overMs / 60_000 } };
  },

  isWorthKeeping: isDelayed,
};

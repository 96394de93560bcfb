/** Maintenance that is due by the hours run; by date, the sweep over all dates asks (`due-dates.ts`). */
import type { DueWatch } from '../../model/watch.ts';
import { CALM, type Detector, type Standing, settle } from './detector.ts';

export const due: Detector<DueWatch, Standing> = {
  start: CALM,
  evaluate(watch, memory, sample) {
    if (sample.value === null || watch.dueAtH === null) return memory;
    return settle(memory, sample.value >= watch.dueAtH, { delays: watch, sample });
  },
  facts({ dueAtH, sinceH }, _memory, { value }) {
    return { value, limit: dueAtH, values: { runH: Math.floor((value ?? 0) - sinceH) } };
  },
  isWorthKeeping: () => false,
};

/** Whether it is due by its date. */
export function isDueAt({ dueAt }: DueWatch, nowMs: number): boolean {
  return dueAt !== null && nowMs >= dueAt;
}

/** Frozen: a value that has not moved for hours, although it should. */
import type { FrozenWatch } from '../../model/watch.ts';
import { CALM, type Detector, type Standing } from './detector.ts';

export interface FrozenMemory extends Standing {
  /** What it has kept within, and since when. */
  readonly low: number;
  readonly high: number;
  readonly since: number;
  readonly newestAt: number;
}

const HOUR_MS = 3_600_000;
/** A restart may cost so much of the hours; most series move within it. */
const WORTH_KEEPING_MS = HOUR_MS;

export const frozen: Detector<FrozenWatch, FrozenMemory> = {
  start: { ...CALM, low: Number.POSITIVE_INFINITY, high: Number.NEGATIVE_INFINITY, since: 0, newestAt: 0 },

  evaluate(watch, memory, { ts, value, wasSilent }) {
    if (value === null) return memory;
    const low = Math.min(memory.low, value);
    const high = Math.max(memory.high, value);
    // Floating point: steps of 0.005 m are not told apart from a resolution of 0.005 m exactly.
    const hasMoved = high - low > watch.within * (1 + 1e-9) + 1e-12;
    const isOver = hasMoved || watch.ignores.includes(value);
    // Whether it moved while it was silent, or before the first reading, nobody knows: what is active stays so.
    if (isOver || memory.newestAt === 0 || (wasSilent && !memory.isActive)) {
      return {
        isActive: memory.isActive && !isOver,
        crossedAt: null,
        low: value,
        high: value,
        since: ts,
        newestAt: ts,
      };
    }
    const isActive = memory.isActive || ts - memory.since >= watch.forMs;
    return { isActive, crossedAt: null, low, high, since: memory.since, newestAt: ts };
  },

  facts: (_watch, { since, newestAt }, { value }) => {
    return { value, limit: null, values: { unchangedH: Math.floor((newestAt - since) / HOUR_MS) } };
  },

  isWorthKeeping: ({ since, newestAt }) => newestAt - since >= WORTH_KEEPING_MS,
};

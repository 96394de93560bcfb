/** Limits: pure evaluation of one rule on one reading, in device time (alarm semantics 3a, 3b). */
import { type Reading, staleAfterMs } from '../../model/reading.ts';
import type { LimitRule } from '../../model/rule.ts';

/** Where a condition stands. */
export interface LimitMemory {
  readonly isActive: boolean;
  /** Device time since when the value has been on the other side without a break; null while it is not. */
  readonly crossedAt: number | null;
  /** Device time of the reading before; null before the first. */
  readonly previousAt: number | null;
}

export const NOT_ACTIVE: LimitMemory = { isActive: false, crossedAt: null, previousAt: null };

/** The limit that a value is judged by, in the metric's unit. */
export function limitOf(rule: LimitRule): number {
  return rule.below ?? rule.above ?? (rule.is ? 1 : 0);
}

/** Whether the value lies beyond the limit, or, once active, has not come back past the deadband. */
function isBeyond(rule: LimitRule, value: number, isActive: boolean): boolean {
  const deadband = isActive ? rule.deadband : 0;
  if (rule.below !== undefined) return value < rule.below + deadband;
  if (rule.above !== undefined) return value > rule.above - deadband;
  return value === limitOf(rule);
}

/**
 * The memory after a reading. The condition has changed when `isActive` has. A bad reading neither raises nor clears.
 * Where readings come no oftener than the delay, the first one beyond counts; after a silence of the device
 * (`everyS` is what it promises) nobody knows how long the value has been there, and the delay begins anew.
 */
export function evaluateLimit(
  rule: LimitRule,
  memory: LimitMemory,
  reading: Pick<Reading, 'ts' | 'value'>,
  everyS: number,
): LimitMemory {
  const previousAt = reading.ts;
  if (reading.value === null) return { ...memory, previousAt };
  if (isBeyond(rule, reading.value, memory.isActive) === memory.isActive) {
    return { ...memory, crossedAt: null, previousAt };
  }
  const sinceMs = reading.ts - (memory.previousAt ?? Number.NEGATIVE_INFINITY);
  const wasSilent = sinceMs > staleAfterMs(everyS);
  const gapMs = wasSilent ? everyS * 1000 : sinceMs;
  const crossedAt = wasSilent ? reading.ts : (memory.crossedAt ?? reading.ts);
  const delayMs = (memory.isActive ? rule.offDelayS : rule.onDelayS) * 1000;
  const isDue = gapMs >= delayMs || reading.ts - crossedAt >= delayMs;
  return isDue ? { isActive: !memory.isActive, crossedAt: null, previousAt } : { ...memory, crossedAt, previousAt };
}

/** Limits: pure evaluation of one rule on one reading, in device time (alarm semantics 3a, 3b). */
import type { ConditionChange } from '../../model/alarm.ts';
import type { Device, Plant } from '../../model/plant.ts';
import type { Reading } from '../../model/reading.ts';
import { type LimitRule, ruleCovers } from '../../model/rule.ts';

/** Where a condition stands. */
export interface LimitMemory {
  readonly isActive: boolean;
  /** Device time since when the value has been on the other side without a break; null while it is not. */
  readonly crossedAt: number | null;
}

export const NOT_ACTIVE: LimitMemory = { isActive: false, crossedAt: null };

/** The limit that a value is judged by, in the metric's unit. */
function limitOf(rule: LimitRule): number {
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
 * `everyS`: where readings come no oftener than the delay, the first one beyond counts.
 */
export function evaluateLimit(
  rule: LimitRule,
  memory: LimitMemory,
  reading: Pick<Reading, 'ts' | 'value'>,
  everyS: number,
): LimitMemory {
  if (reading.value === null) return memory;
  if (isBeyond(rule, reading.value, memory.isActive) === memory.isActive) {
    return memory.crossedAt === null ? memory : { ...memory, crossedAt: null };
  }
  const crossedAt = memory.crossedAt ?? reading.ts;
  const delayS = memory.isActive ? rule.offDelayS : rule.onDelayS;
  const isDue = delayS < everyS || reading.ts - crossedAt >= delayS * 1000;
  return isDue ? { isActive: !memory.isActive, crossedAt: null } : { ...memory, crossedAt };
}

export interface LimitWatch {
  /** Changes of condition that a reading brings. Give it readings of a series in device-time order. */
  evaluate(reading: Reading): readonly ConditionChange[];
}

/**
 * Watches all rules over the plant. Whether a condition is active is the alarm desk's to say, and its word survives a
 * restart: an alarm that could not be saved is raised by the next reading.
 */
export function createLimitWatch(
  rules: readonly LimitRule[],
  plant: Plant,
  isActive: (conditionKey: string) => boolean,
): LimitWatch {
  const crossings = new Map<string, number | null>();
  const byMetric = Map.groupBy(rules, (rule) => rule.on.metric);

  function change(rule: LimitRule, device: Device, reading: Reading): ConditionChange | null {
    const key = conditionKey(rule, device);
    const before = { isActive: isActive(key), crossedAt: crossings.get(key) ?? null };
    const after = evaluateLimit(rule, before, reading, device.everyS);
    crossings.set(key, after.crossedAt);
    if (after.isActive === before.isActive || reading.value === null) return null;
    if (!after.isActive) return { kind: 'return', key, at: reading.ts };
    const { site, id, asset = null } = device;
    const { ts: at, value, metric } = reading;
    const { id: ruleId, priority } = rule;
    return {
      kind: 'raise',
      key,
      at,
      rule: ruleId,
      priority,
      site,
      asset,
      device: id,
      metric,
      value,
      limit: limitOf(rule),
    };
  }

  return {
    evaluate(reading) {
      const device = plant.devices.get(reading.device);
      if (!device) return [];
      const covering = byMetric.get(reading.metric)?.filter((rule) => ruleCovers(rule, device, plant)) ?? [];
      return covering.map((rule) => change(rule, device, reading)).filter((c) => c !== null);
    },
  };
}

/** Keys of all conditions that these rules can raise. */
export function watchedConditions(rules: readonly LimitRule[], plant: Plant): ReadonlySet<string> {
  const keys = rules.flatMap((rule) =>
    [...plant.devices.values()]
      .filter((device) => ruleCovers(rule, device, plant))
      .map((device) => conditionKey(rule, device)),
  );
  return new Set(keys);
}

/** A condition is a rule on a device, and so on that device's asset. */
function conditionKey(rule: LimitRule, device: Device): string {
  return `${rule.id}.${device.id}`;
}

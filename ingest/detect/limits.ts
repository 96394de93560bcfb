/** Limits: pure evaluation of one rule on one reading, in device time (alarm semantics 3a, 3b). */
import type { ConditionChange } from '../../model/alarm.ts';
import type { Device, Plant } from '../../model/plant.ts';
import { type Reading, staleAfterMs } from '../../model/reading.ts';
import { type LimitRule, ruleCovers } from '../../model/rule.ts';

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
  const wasSilent = memory.previousAt === null || reading.ts - memory.previousAt > staleAfterMs(everyS);
  const gapMs = wasSilent ? everyS * 1000 : reading.ts - (memory.previousAt ?? reading.ts);
  const crossedAt = wasSilent ? reading.ts : (memory.crossedAt ?? reading.ts);
  const delayMs = (memory.isActive ? rule.offDelayS : rule.onDelayS) * 1000;
  const isDue = gapMs >= delayMs || reading.ts - crossedAt >= delayMs;
  return isDue ? { isActive: !memory.isActive, crossedAt: null, previousAt } : { ...memory, crossedAt, previousAt };
}

export interface LimitWatch {
  /** Changes of condition that a reading brings. Give it readings of a device in device-time order. */
  evaluate(reading: Reading): readonly ConditionChange[];
}

/**
 * Watches all rules over the plant. Whether a condition is active is the alarm desk's to say, and its word survives a
 * restart: a change that it could not save is brought again by the next reading.
 */
export function createLimitWatch(
  rules: readonly LimitRule[],
  plant: Plant,
  isActive: (conditionKey: string) => boolean,
): LimitWatch {
  const memories = new Map<string, LimitMemory>();
  /** Per device: on-change metrics that have crossed their limit. They are silent while their delay runs. */
  const pending = new Map<string, Map<string, { readonly rule: LimitRule; readonly reading: Reading }>>();
  const byMetric = Map.groupBy(rules, (rule) => rule.on.metric);

  function recall(key: string): LimitMemory {
    const active = isActive(key);
    const memory = memories.get(key) ?? { ...NOT_ACTIVE, isActive: active };
    if (memory.isActive === active) return memory;
    // The desk could not save the change: it is as due as it was.
    return { ...memory, isActive: active, crossedAt: Number.NEGATIVE_INFINITY };
  }

  function change(rule: LimitRule, device: Device, reading: Reading): ConditionChange | null {
    const key = conditionKey(rule, device);
    const before = recall(key);
    const after = evaluateLimit(rule, before, reading, device.everyS);
    memories.set(key, after);
    hold(key, after, { rule, reading }, device);
    if (after.isActive === before.isActive || reading.value === null) return null;
    if (!after.isActive) return { kind: 'return', key, at: reading.ts };
    const { site, id, asset = null } = device;
    const { ts: at, value, metric } = reading;
    const { id: ruleId, priority } = rule;
    const limit = limitOf(rule);
    return { kind: 'raise', key, at, rule: ruleId, priority, site, asset, device: id, metric, value, limit };
  }

  function hold(
    key: string,
    { crossedAt }: LimitMemory,
    waiting: { rule: LimitRule; reading: Reading },
    device: Device,
  ): void {
    if (device.metrics.get(waiting.reading.metric)?.reporting !== 'on-change') return;
    const ofDevice = pending.get(device.id) ?? new Map();
    pending.set(device.id, ofDevice);
    if (crossedAt === null) ofDevice.delete(key);
    else ofDevice.set(key, waiting);
  }

  /** Any sign of life of the device says that its on-change values still stand. */
  function confirmed({ metric, ts }: Reading, device: Device): readonly { rule: LimitRule; reading: Reading }[] {
    return [...(pending.get(device.id)?.values() ?? [])]
      .filter(({ reading }) => reading.metric !== metric && reading.ts < ts)
      .map(({ rule, reading }) => ({ rule, reading: { ...reading, ts } }));
  }

  return {
    evaluate(reading) {
      const device = plant.devices.get(reading.device);
      if (!device) return [];
      const covering = byMetric.get(reading.metric)?.filter((rule) => ruleCovers(rule, device, plant)) ?? [];
      const due = [...covering.map((rule) => ({ rule, reading })), ...confirmed(reading, device)];
      return due.map(({ rule, reading: at }) => change(rule, device, at)).filter((c) => c !== null);
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

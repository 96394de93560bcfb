/** All limits over the plant: what each condition remembers, and what changes with a reading. */
import type { ConditionChange } from '../../model/alarm.ts';
import type { Device, Plant } from '../../model/plant.ts';
import { type Reading, seriesKey } from '../../model/reading.ts';
import { type LimitRule, watchedDevices } from '../../model/rule.ts';
import { evaluateLimit, type LimitMemory, limitOf, NOT_ACTIVE } from './limits.ts';

export interface LimitWatch {
  /** Changes of condition that a reading brings. Give it readings of a device in device-time order. */
  evaluate(reading: Reading): readonly ConditionChange[];
}

interface Judged {
  readonly rule: LimitRule;
  readonly reading: Reading;
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
  /** Per device and condition, what an on-change metric last said: it stands, without a word, while a delay runs. */
  const standing = new Map<string, Map<string, Judged>>();
  /** Per device, the time of its newest reading. */
  const signAt = new Map<string, number>();
  const watched = rules.flatMap((rule) => watchedDevices(rule, plant).map((device) => ({ rule, device })));
  /** The rules that watch a series, found once: this is asked for every reading. */
  const bySeries = Map.groupBy(watched, ({ rule, device }) => seriesKey(device.id, rule.on.metric));

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
    if (device.metrics.get(reading.metric)?.reporting === 'on-change') hold(key, device, { rule, reading });
    if (after.isActive === before.isActive || reading.value === null) return null;
    if (!after.isActive) return { kind: 'return', key, at: reading.ts };
    const { site, id, asset = null } = device;
    const { ts: at, value, metric } = reading;
    const { id: ruleId, priority } = rule;
    const limit = limitOf(rule);
    return { kind: 'raise', key, at, rule: ruleId, priority, site, asset, device: id, metric, value, limit };
  }

  function hold(key: string, { id }: Device, judged: Judged): void {
    const ofDevice = standing.get(id) ?? new Map<string, Judged>();
    standing.set(id, ofDevice.set(key, judged));
  }

  /** What stood at the device's last sign of life. Not yet at this one: the same message may bring news of it. */
  function confirmed(device: Device, ts: number): readonly Judged[] {
    const lastSignAt = signAt.get(device.id) ?? ts;
    signAt.set(device.id, Math.max(lastSignAt, ts));
    if (ts <= lastSignAt) return [];
    return [...(standing.get(device.id)?.values() ?? [])]
      .filter(({ reading }) => reading.ts < lastSignAt)
      .map(({ rule, reading }) => ({ rule, reading: { ...reading, ts: lastSignAt } }));
  }

  return {
    evaluate(reading) {
      const device = plant.devices.get(reading.device);
      if (!device) return [];
      const watching = bySeries.get(seriesKey(reading.device, reading.metric)) ?? [];
      const judged = [...confirmed(device, reading.ts), ...watching.map(({ rule }) => ({ rule, reading }))];
      return judged.map(({ rule, reading: at }) => change(rule, device, at)).filter((c) => c !== null);
    },
  };
}

/** Keys of all conditions that these rules can raise. */
export function watchedConditions(rules: readonly LimitRule[], plant: Plant): ReadonlySet<string> {
  return new Set(rules.flatMap((rule) => watchedDevices(rule, plant).map((device) => conditionKey(rule, device))));
}

/** A condition is a rule on a device, and so on that device's asset. */
function conditionKey(rule: LimitRule, device: Device): string {
  return `${rule.id}.${device.id}`;
}

/** All limits over the plant: what each condition remembers, and what changes with a reading. */
import type { ConditionChange } from '../../model/alarm.ts';
import type { DeviceId } from '../../model/ids.ts';
import type { Device, Plant } from '../../model/plant.ts';
import type { Reading } from '../../model/reading.ts';
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

/** Watches all rules over the plant. What was active before a restart, the alarm desk knows. */
export function createLimitWatch(
  rules: readonly LimitRule[],
  plant: Plant,
  isActive: (conditionKey: string) => boolean,
): LimitWatch {
  const watched = watchedByDevice(rules, plant);
  const memories = new Map<string, LimitMemory>();

  function change(rule: LimitRule, watch: DeviceWatch, reading: Reading): ConditionChange | null {
    const { device } = watch;
    const key = conditionKey(rule, device);
    const before = memories.get(key) ?? { ...NOT_ACTIVE, isActive: isActive(key) };
    const after = evaluateLimit(rule, before, reading, device.everyS);
    memories.set(key, after);
    if (device.metrics.get(reading.metric)?.reporting === 'on-change') watch.standing.set(key, { rule, reading });
    if (after.isActive === before.isActive || reading.value === null) return null;
    if (!after.isActive) return { kind: 'return', key, at: reading.ts };
    const { site, id, asset = null } = device;
    const { ts: at, value, metric } = reading;
    const { id: ruleId, priority } = rule;
    const limit = limitOf(rule);
    return { kind: 'raise', key, at, rule: ruleId, priority, site, asset, device: id, metric, value, limit };
  }

  return {
    evaluate(reading) {
      const watch = watched.get(reading.device);
      if (!watch) return NONE;
      const confirmed = confirm(watch, reading.ts);
      const rulesOfMetric = watch.rules.get(reading.metric) ?? [];
      const judged = [...confirmed, ...rulesOfMetric.map((rule) => ({ rule, reading }))];
      return judged.map(({ rule, reading: at }) => change(rule, watch, at)).filter((c) => c !== null);
    },
  };
}

const NONE: readonly ConditionChange[] = [];

/** A device that some rule watches. */
interface DeviceWatch {
  readonly device: Device;
  readonly rules: ReadonlyMap<string, readonly LimitRule[]>;
  /** Per condition, what an on-change metric last said: it stands, without a word, while a delay runs. */
  readonly standing: Map<string, Judged>;
  /** Time of its newest reading. */
  signAt: number;
}

/** Found once: this is asked for every reading. */
function watchedByDevice(rules: readonly LimitRule[], plant: Plant): ReadonlyMap<DeviceId, DeviceWatch> {
  const pairs = rules.flatMap((rule) => watchedDevices(rule, plant).map((device) => ({ rule, device })));
  const byDevice = [...Map.groupBy(pairs, ({ device }) => device)].map(
    ([device, ofDevice]): [DeviceId, DeviceWatch] => {
      const rulesOfDevice = ofDevice.map(({ rule }) => rule);
      const byMetric = Map.groupBy(rulesOfDevice, ({ on }) => on.metric);
      return [device.id, { device, rules: byMetric, standing: new Map(), signAt: Number.NEGATIVE_INFINITY }];
    },
  );
  return new Map(byDevice);
}

/** What stood at the device's last sign of life. Not yet at this one: the same message may bring news of it. */
function confirm(watch: DeviceWatch, ts: number): readonly Judged[] {
  const { signAt, standing } = watch;
  watch.signAt = Math.max(signAt, ts);
  if (standing.size === 0 || ts <= signAt || signAt === Number.NEGATIVE_INFINITY) return [];
  return [...standing.values()]
    .filter(({ reading }) => reading.ts < signAt)
    .map(({ rule, reading }) => ({ rule, reading: { ...reading, ts: signAt } }));
}

/** Keys of all conditions that these rules can raise. */
export function watchedConditions(rules: readonly LimitRule[], plant: Plant): ReadonlySet<string> {
  return new Set(rules.flatMap((rule) => watchedDevices(rule, plant).map((device) => conditionKey(rule, device))));
}

/** A condition is a rule on a device, and so on that device's asset. */
function conditionKey(rule: LimitRule, device: Device): string {
  return `${rule.id}.${device.id}`;
}

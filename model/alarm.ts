/** An alarm and its whole life, as one pure function (ISA-18.2; acknowledging and shelving join it with the alarm desk). */
import type { AssetId, DeviceId, MetricName, SiteId } from './ids.ts';
import type { Priority } from './rule.ts';

/** `unacknowledged`: active and seen by nobody yet. `normal`: the condition is over, the episode closed. */
export type AlarmState = 'unacknowledged' | 'normal';

export interface Alarm {
  /** One episode; a later one of the same condition has another id. */
  readonly id: string;
  /** Its condition: rule and device. The same condition never has two active alarms. */
  readonly key: string;
  readonly rule: string;
  readonly priority: Priority;
  readonly site: SiteId;
  readonly asset: AssetId | null;
  readonly device: DeviceId;
  readonly metric: MetricName;
  readonly state: AlarmState;
  /** Device time, epoch ms. */
  readonly raisedAt: number;
  readonly returnedAt: number | null;
  /** The value that raised it and the limit it broke, in the metric's unit. */
  readonly value: number;
  readonly limit: number;
}

/** Which alarms of the past and present are asked for. */
export interface AlarmQuery {
  readonly activeOnly: boolean;
  /** Raised in `[from, to)`, epoch ms. */
  readonly from: number;
  readonly to: number;
  readonly site?: string | undefined;
  readonly priority?: Priority | undefined;
  readonly limit: number;
}

/** What a detector says of one condition, in device time. */
export type ConditionChange =
  | ({ readonly kind: 'raise'; readonly at: number } & Omit<Alarm, 'id' | 'state' | 'raisedAt' | 'returnedAt'>)
  | { readonly kind: 'return'; readonly key: string; readonly at: number };

/** The alarm after the change, or null where the change alters nothing. */
export function transition(current: Alarm | undefined, change: ConditionChange): Alarm | null {
  const isActive = current !== undefined && current.state !== 'normal';
  if (change.kind === 'return') {
    return isActive ? { ...current, state: 'normal', returnedAt: change.at } : null;
  }
  if (isActive) return null;
  const { kind: _, at, ...facts } = change;
  return { ...facts, id: `${facts.key}.${at}`, state: 'unacknowledged', raisedAt: at, returnedAt: null };
}

/** An alarm and its whole life, as one pure function (ISA-18.2; acknowledging and shelving join it with the alarm desk). */
import type { AssetId, DeviceId, MetricName, SiteId } from './ids.ts';
import type { Priority } from './rule.ts';

/** `unacknowledged`: active and seen by nobody yet. `normal`: the condition is over, the episode closed. */
export type AlarmState = 'unacknowledged' | 'normal';

interface Condition {
  /** A rule on a device, or a condition of the server. The same condition never has two active alarms. */
  readonly key: string;
  readonly rule: string;
  readonly priority: Priority;
}

interface OfDevice {
  readonly site: SiteId;
  readonly asset: AssetId | null;
  readonly device: DeviceId;
  readonly metric: MetricName;
  /** The value that raised it and the limit it broke, in the metric's unit. */
  readonly value: number;
  readonly limit: number;
}

/** The server itself is meant, and with it every site, or what it takes a site's readings from: at most that is named. */
type OfServer = { readonly [Fact in Exclude<keyof OfDevice, 'site'>]: null } & { readonly site: SiteId | null };

export const OF_SERVER: OfServer = { site: null, asset: null, device: null, metric: null, value: null, limit: null };

interface Episode {
  /** A later episode of the same condition has another id. */
  readonly id: string;
  readonly state: AlarmState;
  /** Device time, or for the server the time that it believes; epoch ms. */
  readonly raisedAt: number;
  readonly returnedAt: number | null;
}

export type Alarm = Condition & Episode & (OfDevice | OfServer);

/** Which alarms of the past and present are asked for. */
export interface AlarmQuery {
  readonly activeOnly: boolean;
  /** Raised in `[from, to)`, epoch ms. */
  readonly from: number;
  readonly to: number;
  /** The server's own alarms concern every site. */
  readonly site?: string | undefined;
  readonly priority?: Priority | undefined;
  readonly limit: number;
}

export type ConditionRaise = { readonly kind: 'raise'; readonly at: number } & Condition & (OfDevice | OfServer);

/** What a detector says of one condition, in the time of `Episode`. */
export type ConditionChange = ConditionRaise | { readonly kind: 'return'; readonly key: string; readonly at: number };

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

/** What detectors say of the plant, and the server's own watch of the server: a condition begins, or is over. */
import type { AssetId, DeviceId, MetricName, SiteId } from './ids.ts';
import type { Priority } from './rule.ts';

/** How it was found. `server` conditions come with the program, all others from rules (contract 1.4). */
export type DetectorKind =
  | 'limit'
  | 'rate'
  | 'silence'
  | 'frozen'
  | 'counter'
  | 'clock'
  | 'due'
  | 'mismatch'
  | 'phases'
  | 'server';

/** What the text of an alarm may show, by message key (`silentMin`, `perHour`): a value stands apart from the sentence. */
export type ConditionFacts = Readonly<Record<string, number | string>>;

/** What a condition is about. Null where it is about no one device, metric or limit. */
interface ConditionSubject {
  /** Null: the server itself, and with it every site. */
  readonly site: SiteId | null;
  readonly asset: AssetId | null;
  readonly device: DeviceId | null;
  readonly metric: MetricName | null;
  /** The value that raised it and the limit it broke, in the metric's unit. */
  readonly value: number | null;
  readonly limit: number | null;
}

export interface ConditionRaise extends ConditionSubject {
  readonly kind: 'raise';
  /** Rule and device, or rule and asset, or a condition of the server: the same one never has two active alarms. */
  readonly key: string;
  readonly rule: string;
  readonly detector: DetectorKind;
  readonly priority: Priority;
  /** Device time, or for the server the time that it believes; epoch ms. */
  readonly at: number;
  /** Late or replayed: fills the record and pages nobody. Apart from the live episodes of the same key. */
  readonly isHistorical: boolean;
  /** After its return it waits for a person's reset. */
  readonly latches: boolean;
  /** How long after its suppressor is gone before it alarms by itself, s. */
  readonly settleS: number;
  readonly values: ConditionFacts;
}

export interface ConditionReturn {
  readonly kind: 'return';
  readonly key: string;
  readonly at: number;
  /** A historical return ends the historical episode of its key only, a live one the live episode only. */
  readonly isHistorical: boolean;
}

export type ConditionChange = ConditionRaise | ConditionReturn;

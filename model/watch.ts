/** One condition that can be: a rule on a device or asset, with its figures in the metric's unit. */
import type { AssetId, DeviceId, MetricName, SiteId } from './ids.ts';
import type { Priority } from './rule.ts';

/** One series that a watch looks at. */
export interface WatchedSeries {
  readonly device: DeviceId;
  readonly metric: MetricName;
}

export interface Subject {
  /** Of the condition: `rule.device`, and the metric too where the rule has several. */
  readonly key: string;
  readonly rule: string;
  readonly priority: Priority;
  readonly latches: boolean;
  readonly settleS: number;
  readonly site: SiteId;
  readonly asset: AssetId | null;
  readonly device: DeviceId | null;
  readonly metric: MetricName | null;
}

export interface Delays {
  readonly onDelayMs: number;
  readonly offDelayMs: number;
}

interface OnSeries extends Subject, Delays {
  /** That of `metric` first. */
  readonly series: readonly WatchedSeries[];
}

export interface LimitWatch extends OnSeries {
  readonly detect: 'limit';
  /** In the metric's unit; infinite where there is none. Of a yes/no metric both are, and `is` is 0 or 1. */
  readonly below: number;
  readonly above: number;
  readonly is: number | null;
  readonly deadband: number;
  readonly meanMs: number;
}

export interface RateWatch extends OnSeries {
  readonly detect: 'rate';
  /** Per hour; infinite where it does not matter. */
  readonly rises: number;
  readonly falls: number;
  readonly deadband: number;
  readonly overMs: number;
}

export interface FrozenWatch extends OnSeries {
  readonly detect: 'frozen';
  readonly forMs: number;
  /** A change no greater than this is none. */
  readonly within: number;
  readonly ignores: readonly number[];
}

export interface CounterWatch extends OnSeries {
  readonly detect: 'counter';
  readonly fault: 'stuck' | 'backwards' | 'reset';
  /** What must be missing, or have gone back. */
  readonly by: number;
  readonly forMs: number;
  /** How long a step back is shown. */
  readonly holdMs: number;
  /** Of the driving metric, times hours. */
  readonly perHour: number;
}

export interface DueWatch extends OnSeries {
  readonly detect: 'due';
  /** Hours run; null: by date. */
  readonly dueAtH: number | null;
  readonly sinceH: number;
  /** Epoch ms. */
  readonly dueAt: number | null;
}

/** What a series says: between the two, or, of a yes/no metric, `is`. */
export interface Side {
  readonly above: number;
  readonly below: number;
  readonly is: number | null;
}

export interface MismatchWatch extends OnSeries {
  readonly detect: 'mismatch';
  /** What `series[0]` must say while any other says `while`. */
  readonly expect: Side;
  readonly while: Side;
}

export interface PhasesWatch extends OnSeries {
  readonly detect: 'phases';
  readonly fault: 'loss' | 'neutral' | 'supply' | 'unbalance';
  readonly nominalV: number;
  readonly unbalance: number;
}

export interface SilenceWatch extends Subject {
  readonly detect: 'silence';
  readonly device: DeviceId;
  readonly afterMs: number;
  readonly offDelayMs: number;
}

export interface ClockWatch extends Subject {
  readonly detect: 'clock';
  readonly device: DeviceId;
  readonly behindMs: number;
  readonly aheadMs: number;
  readonly overMs: number;
}

export type SeriesWatch = LimitWatch | RateWatch | FrozenWatch | CounterWatch | DueWatch | MismatchWatch | PhasesWatch;
export type Watch = SeriesWatch | SilenceWatch | ClockWatch;

/** What drives a counter, and by how much it must rise in an hour for each unit of that. */
export const DRIVERS: Readonly<Record<string, { readonly metric: string; readonly perHour: number }>> = {
  volume_total: { metric: 'flow_rate', perHour: 1 },
  energy_total: { metric: 'active_power', perHour: 1 / 1000 },
  pump_hours: { metric: 'pump_running', perHour: 1 },
  burn_hours: { metric: 'lamp_on', perHour: 1 },
};

export const PHASE_METRICS = {
  voltage: ['voltage_l1', 'voltage_l2', 'voltage_l3'],
  current: ['current_l1', 'current_l2', 'current_l3'],
} as const;

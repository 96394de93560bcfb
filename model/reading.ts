import type { DeviceId, MetricName, SiteId } from './ids.ts';

/** What a device or a store may say of a value (OPC wording). */
export type Quality = 'good' | 'uncertain' | 'bad';

/** What a live value may say: as `Quality`, or `stale` once its device has been silent too long. */
export type LiveQuality = Quality | 'stale';

/** One value of one metric of one device at one time. Its identity is device, metric and ts (contract 2.5). */
export interface Reading {
  readonly device: DeviceId;
  readonly metric: MetricName;
  /** Epoch ms of the device, or of receipt where the device has no clock. */
  readonly ts: number;
  /** In the metric's unit; booleans are 0 or 1; `null` exactly when the quality is `bad`. */
  readonly value: number | null;
  readonly quality: Quality;
  /** `ts` is the server's time of receipt. Left out: it comes from a store, and `bearsOwnTime` says what is known. */
  readonly isReceipt?: boolean;
}

/** Whether the time is the device's own; of what is stored only where the quality says so. */
export function bearsOwnTime({ isReceipt, quality }: Reading): boolean {
  return isReceipt === undefined ? quality === 'good' : !isReceipt;
}

/** The newest reading of a series, as it is to be believed now. */
export interface LiveValue {
  readonly site: SiteId;
  readonly device: DeviceId;
  readonly metric: MetricName;
  /** In the metric's unit; booleans 0 or 1; null where the device could not read it. */
  readonly value: number | null;
  readonly ts: number;
  readonly quality: LiveQuality;
}

/** Silence after which a value is said to be late, and no longer to be believed: 3 intervals (zwave and Echelon practice). */
export function lateAfterMs(everyS: number): number {
  return everyS * 1000 + Math.max(everyS * 1000, 15_000);
}

export function staleAfterMs(everyS: number): number {
  return Math.max(3 * everyS * 1000, 60_000);
}

/** What the dashboard needs of others, as plain data and async calls, so that they can cross a process later. */
import type { Alarm } from '../model/alarm.ts';
import type { LiveQuality } from '../model/reading.ts';

export interface LiveValue {
  readonly site: string;
  readonly device: string;
  readonly metric: string;
  /** In the metric's unit; booleans 0 or 1; null where the quality is bad and nothing good is known. */
  readonly value: number | null;
  readonly ts: number;
  readonly quality: LiveQuality;
}

export interface LiveState {
  values(site: string | null): readonly LiveValue[];
  /** Tells of every value that is new or turned stale. Returns how to stop listening. */
  onChange(listener: (changed: readonly LiveValue[]) => void): () => void;
}

export interface AlarmList {
  /** Newest first, at most `limit`. */
  list(filter: {
    readonly activeOnly: boolean;
    readonly from: number;
    readonly to: number;
    readonly limit: number;
  }): readonly Alarm[];
  onChange(listener: (alarm: Alarm) => void): () => void;
}

export const AGGREGATES = ['raw', 'mean', 'min', 'max', 'minmax', 'last'] as const;
export type Aggregate = (typeof AGGREGATES)[number];

/** Over `[from, to)`, epoch ms. */
export interface HistoryQuery {
  readonly device: string;
  readonly metric: string;
  readonly from: number;
  readonly to: number;
  /** The most points to return. */
  readonly points: number;
  readonly aggregate: Aggregate;
}

export interface HistoryResult {
  /** 0 for raw. */
  readonly bucketMs: number;
  /** `[ts, value]`, or `[ts, min, max, mean]` for `minmax`; null is a bad reading. */
  readonly points: readonly (readonly (number | null)[])[];
  /** `from` of the next page of raw readings, where there is one. */
  readonly next: number | null;
}

export interface History {
  query(query: HistoryQuery): Promise<HistoryResult>;
}

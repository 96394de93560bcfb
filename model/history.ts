/** How the past of one series is asked for and answered (contract 3.4). */

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

/** `[ts, value]`, or `[ts, min, max, mean]` for `minmax`, in the metric's unit; a value of null is a bad reading. */
export type HistoryPoint = readonly (number | null)[];

/** Readings are missing there, since what was stored of them is damaged. Epoch ms, both included. */
export interface DamagedSpan {
  readonly from: number;
  readonly to: number;
}

export interface HistoryResult {
  /** Width of a point; 0 for raw readings. A bucket without readings is left out: a gap stays a gap. */
  readonly bucketMs: number;
  readonly points: readonly HistoryPoint[];
  /** `from` of the next page of raw readings, where there is one. */
  readonly next: number | null;
  /** Gaps that are none of the device's making, oldest first; left out where there are none. */
  readonly damaged?: readonly DamagedSpan[];
}

/** What the main thread and the SQLite threads say to each other. Readings cross as columns: no object per reading. */
import type { HistoryQuery, HistoryResult } from '../../model/history.ts';
import type { Quality } from '../../model/reading.ts';

export interface SeriesRow {
  readonly id: number;
  readonly device: string;
  readonly metric: string;
}

/** One array per field, same length; `value` is NaN where the device could not read it. */
export interface ReadingColumns {
  readonly series: Int32Array;
  readonly ts: Float64Array;
  readonly value: Float64Array;
  readonly quality: Uint8Array;
}

/** Stored codes of the qualities: never renumber. */
export const QUALITY_CODES: readonly Quality[] = ['good', 'uncertain', 'bad'];

/** Codes of the outcomes of `append`, in `reading-store.ts`'s words. */
export const OUTCOME_CODES = ['stored', 'duplicate', 'conflict'] as const;

/** Calls that a SQLite thread answers: argument and result. */
export interface Calls {
  series: [undefined, SeriesRow[]];
  append: [{ newSeries: readonly SeriesRow[]; columns: ReadingColumns }, Uint8Array];
  newest: [undefined, ReadingColumns];
  history: [Omit<HistoryQuery, 'device' | 'metric'> & { series: number }, HistoryResult];
  close: [undefined, undefined];
}

export type CallName = keyof Calls;

export interface Request {
  readonly id: number;
  readonly name: CallName;
  readonly argument: unknown;
}

export type Response =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: { readonly message: string; readonly code: string } };

export interface ThreadOptions {
  readonly file: string;
  readonly readOnly: boolean;
}

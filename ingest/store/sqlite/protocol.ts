/** What the main thread and the SQLite threads say to each other. Readings cross as columns: no object per reading. */
import type { DamagedSpan, HistoryQuery } from '../../../model/history.ts';
import type { Quality } from '../../../model/reading.ts';
import type { AppendOutcome } from '../reading-store.ts';
import type { Damage, Finding } from './damage.ts';
import type { PackedPoints } from './packed-points.ts';

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

/** Codes of the outcomes of `append`. */
export const OUTCOME_CODES: readonly AppendOutcome[] = ['stored', 'duplicate', 'conflict', 'expired'];

/** What the writing thread answers: argument and result. `damage` is what it has met since its last answer. */
export interface WriterCalls {
  series: [
    undefined,
    { readonly rows: readonly SeriesRow[]; readonly lastId: number; readonly damage: readonly Damage[] },
  ];
  append: [
    { newSeries: readonly SeriesRow[]; columns: ReadingColumns },
    { readonly outcomes: Uint8Array; readonly damage: readonly Damage[] },
  ];
  newest: [undefined, ReadingColumns];
  /** Looks at what the reader has met, and sets it aside where it is damaged. */
  look: [readonly Finding[], readonly Damage[]];
  compact: [undefined, readonly Damage[]];
  /** By which time readings grow old, epoch ms. */
  time: [number, undefined];
  close: [undefined, undefined];
}

/** `HistoryResult` with its points packed. */
export interface PackedHistory extends PackedPoints {
  readonly bucketMs: number;
  readonly next: number | null;
  readonly damaged: readonly DamagedSpan[];
  /** What the writer does not know of yet. */
  readonly findings: readonly Finding[];
}

/** What the reading thread answers. */
export interface ReaderCalls {
  history: [Omit<HistoryQuery, 'device' | 'metric'> & { series: number }, PackedHistory];
  close: [undefined, undefined];
}

export type CallName<C> = keyof C & string;
export type Argument<C, N extends keyof C> = C[N] extends [infer A, unknown] ? A : never;
export type Result<C, N extends keyof C> = C[N] extends [unknown, infer R] ? R : never;

/** What is deleted, and when. */
export interface Retention {
  /** Days after which readings become hourly roll-ups; null: never by age. */
  readonly rawDays: number | null;
  /** The most the database may take; beyond it the oldest goes first. */
  readonly diskBytes: number;
  /** Nothing goes by its age before somebody has told the time. */
  readonly waitsForTime?: boolean;
}

export interface ThreadOptions {
  readonly file: string;
  readonly retention: Retention;
}

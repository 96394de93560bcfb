import type { HistoryQuery, HistoryResult } from '../../model/history.ts';
import type { Reading } from '../../model/reading.ts';

/**
 * `duplicate`: the same again, nothing changed. `conflict`: another value at the same device, metric and ts; the first stays.
 * `expired`: older than what retention keeps of its series as readings, so nobody can tell whether it is there already.
 */
export type AppendOutcome = 'stored' | 'duplicate' | 'conflict' | 'expired';

export interface StoreHealth {
  readonly kind: string;
  readonly reachable: boolean;
  /** Readings taken but not yet where they belong. */
  readonly pending: number;
  /** Of a store elsewhere: what waits for it, in bytes on this disk. */
  readonly pendingBytes?: number;
  /** Of a store elsewhere: points that it refused for good. */
  readonly deadLetters?: number;
  /** What is wrong, as a sentence; null while all is well. */
  readonly reason?: string | null;
  /** Of a store elsewhere: for how long. */
  readonly unreachableMs?: number;
  /** For how long a thread of the store has not answered, where that is longer than any call may take; else 0. */
  readonly overdueMs?: number;
}

/** The seam behind ingest: embedded SQLite, or a bigger engine. All pass one contract test. */
export interface ReadingStore {
  /**
   * Resolves once every reading is synced to disk, with an outcome each. Rejects when nothing of it was stored;
   * the same readings may then be given again.
   */
  append(readings: readonly Reading[]): Promise<readonly AppendOutcome[]>;
  /** The newest reading of every series. */
  newest(): Promise<readonly Reading[]>;
  history(query: HistoryQuery): Promise<HistoryResult>;
  health(): StoreHealth;
  /** The time by which what it keeps grows old, epoch ms; of a store that forgets by age. To be called again and again. */
  tellTime?(ms: number): void;
  stop(): Promise<void>;
}

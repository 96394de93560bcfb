/** What keeps readings and alarms from the disk, as `/api/health` and the alarm `store-failing` tell it (contract 2.5, 3.1, 3.5). */
import type { Recorder } from './recorder.ts';
import type { ReadingStore, StoreHealth } from './store/reading-store.ts';

export interface StoreWatchHealth extends StoreHealth {
  /** What is wrong, as a sentence; null while all is well. */
  readonly reason: string | null;
  /** For how long the oldest commit of readings or alarms has waited for the disk. */
  readonly oldestPendingMs: number;
}

export interface StoreWatchParts {
  readonly store: Pick<ReadingStore, 'health'>;
  readonly recorder: Pick<Recorder, 'isFailing' | 'oldestPendingMs'>;
  /** For how long the oldest change of an alarm that was saved has waited for its sync. */
  readonly alarmsUnsyncedMs: () => number;
}

/** A slow card takes a second for a sync. What takes as long as this does not come back by itself, as a rule. */
const LATE_MS = 5_000;
/** From here on people are told. */
const FAILING_MS = 15_000;

export function createStoreWatch({ store, recorder, alarmsUnsyncedMs }: StoreWatchParts) {
  const oldestPendingMs = (): number => Math.max(recorder.oldestPendingMs(), alarmsUnsyncedMs());

  function reasonOf({ reachable, reason = null, overdueMs = 0 }: StoreHealth, oldestMs: number): string | null {
    if (recorder.isFailing()) return 'readings cannot be stored and are tried again; nothing is acknowledged meanwhile';
    if (oldestMs >= LATE_MS)
      return `the disk does not answer: the oldest commit has waited ${seconds(oldestMs)}; nothing is acknowledged meanwhile`;
    if (overdueMs > 0) return `a thread of the store has not answered for ${seconds(overdueMs)}`;
    return reason ?? (reachable ? null : 'the store does not answer');
  }

  return {
    health(): StoreWatchHealth {
      const health = store.health();
      const oldestMs = Math.round(oldestPendingMs());
      return { ...health, reason: reasonOf(health, oldestMs), oldestPendingMs: oldestMs };
    },
    isFailing: (): boolean =>
      recorder.isFailing() || Math.max(oldestPendingMs(), store.health().overdueMs ?? 0) >= FAILING_MS,
  };
}

const seconds = (ms: number): string => `${Math.floor(ms / 1_000)} s`;

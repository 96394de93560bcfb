/** Where the simulated village stands, and who is told of it. */
import type { Pacer } from './pacer.ts';
import type { Town } from './town.ts';

/** Village time, epoch ms: start and end of the back-fill, and how far it is acknowledged. */
export interface Progress {
  /** `failed`: it stands still until it is started anew. */
  readonly phase: 'backfill' | 'live' | 'failed';
  /** Why it failed, in a sentence. */
  readonly failure: string | null;
  readonly fromMs: number;
  readonly toMs: number;
  readonly doneMs: number;
}

export interface SimStatus extends Progress {
  /** Infinity: as fast as possible. JSON has no such number. */
  readonly speed: number;
  readonly isPaused: boolean;
  readonly villageMs: number;
  /** Acting now. */
  readonly faultCount: number;
}

export interface ProgressBoard {
  now(): Progress;
  status(): SimStatus;
  /** To all who listen. */
  tell(changed?: Partial<Progress>): void;
  /** Returns how to stop listening. */
  onProgress(listener: (status: SimStatus) => void): () => void;
}

export function createProgressBoard(
  town: Pick<Town, 'nowMs' | 'faults'>,
  pacer: Pick<Pacer, 'speed' | 'isPaused'>,
  { fromMs, toMs }: Pick<Progress, 'fromMs' | 'toMs'>,
): ProgressBoard {
  const listeners = new Set<(status: SimStatus) => void>();
  let progress: Progress = { phase: 'backfill', failure: null, fromMs, toMs, doneMs: fromMs };

  function status(): SimStatus {
    const { speed, isPaused } = pacer;
    const acting = town.faults().filter((f) => f.fromMs <= town.nowMs && (f.toMs === null || f.toMs > town.nowMs));
    return { ...progress, speed, isPaused, villageMs: town.nowMs, faultCount: acting.length };
  }

  return {
    now: () => progress,
    status,
    tell(changed = {}) {
      progress = { ...progress, ...changed };
      for (const listener of listeners) listener(status());
    },
    onProgress(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

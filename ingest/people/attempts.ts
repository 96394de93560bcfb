/** How fast somebody may try to sign in: the more tries have failed, the longer the next one waits. Forgotten after a while. */

/** What is counted together, and how patiently. */
export interface Counted {
  readonly key: string;
  /** Tries that wait for nothing. */
  readonly free: number;
  /** The wait doubles with each further try, from 1 s up to this. */
  readonly mostMs: number;
}

export interface Attempts {
  /**
   * Counts a try before its outcome is known, since many at once are many, and says after how long its turn comes.
   * Where that is longer than `patienceMs` it is not taken, and not counted.
   */
  take(counted: readonly Counted[], patienceMs: number): { readonly isTaken: boolean; readonly waitMs: number };
  /** `forgotten`: what it proves nothing against any more; of the others this one try is taken back. */
  succeeded(counted: readonly Counted[], forgotten: readonly string[]): void;
}

const FIRST_WAIT_MS = 1_000;
const FORGET_MS = 15 * 60_000;
/** More names and addresses at a time than any village has: the oldest is forgotten. */
const MAX_KEYS = 10_000;

interface Tries {
  readonly count: number;
  /** Before it, no further one begins. */
  readonly readyAtMs: number;
  readonly lastMs: number;
}

/** `uptimeMs`: a clock that only goes on, whatever is done to the server's time. */
export function createAttempts(uptimeMs: () => number): Attempts {
  const tries = new Map<string, Tries>();

  function recent(key: string, nowMs: number): Tries {
    const found = tries.get(key);
    return found && nowMs - found.lastMs < FORGET_MS ? found : { count: 0, readyAtMs: nowMs, lastMs: nowMs };
  }

  function put(key: string, next: Tries): void {
    tries.delete(key);
    tries.set(key, next);
    for (const oldest of tries.keys()) {
      if (tries.size <= MAX_KEYS) break;
      tries.delete(oldest);
    }
  }

  return {
    take(counted, patienceMs) {
      const nowMs = uptimeMs();
      const beginMs = Math.max(nowMs, ...counted.map(({ key }) => recent(key, nowMs).readyAtMs));
      const waitMs = beginMs - nowMs;
      if (waitMs > patienceMs) return { isTaken: false, waitMs };
      for (const { key, free, mostMs } of counted) {
        const count = recent(key, nowMs).count + 1;
        const restMs = count < free ? 0 : Math.min(mostMs, FIRST_WAIT_MS * 2 ** (count - free));
        put(key, { count, readyAtMs: beginMs + restMs, lastMs: nowMs });
      }
      return { isTaken: true, waitMs };
    },
    succeeded(counted, forgotten) {
      const nowMs = uptimeMs();
      for (const { key } of counted) {
        const { count, ...rest } = recent(key, nowMs);
        if (forgotten.includes(key)) tries.delete(key);
        else put(key, { ...rest, count: Math.max(0, count - 1) });
      }
    },
  };
}

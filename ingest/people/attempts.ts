/** How often somebody may try to sign in: counted by name and by address, forgotten after a while. */

export interface Attempts {
  /** How long to wait before another try, ms; 0: now. */
  waitMs(keys: readonly string[], nowMs: number): number;
  failed(keys: readonly string[], nowMs: number): void;
  succeeded(keys: readonly string[]): void;
}

const FREE = 5;
const WITHIN_MS = 15 * 60_000;
/** More names and addresses at a time than any village has: the oldest is forgotten. */
const MAX_KEYS = 10_000;

interface Failures {
  readonly count: number;
  readonly lastMs: number;
}

export function createAttempts(): Attempts {
  const failures = new Map<string, Failures>();
  const recent = (key: string, nowMs: number): Failures | undefined => {
    const found = failures.get(key);
    return found && nowMs - found.lastMs < WITHIN_MS ? found : undefined;
  };
  return {
    waitMs: (keys, nowMs) =>
      keys.reduce((longest, key) => {
        const found = recent(key, nowMs);
        if (!found || found.count < FREE) return longest;
        return Math.max(longest, found.lastMs + WITHIN_MS - nowMs);
      }, 0),
    failed(keys, nowMs) {
      for (const key of keys) {
        const count = (recent(key, nowMs)?.count ?? 0) + 1;
        failures.delete(key);
        failures.set(key, { count, lastMs: nowMs });
      }
      for (const oldest of failures.keys()) {
        if (failures.size <= MAX_KEYS) break;
        failures.delete(oldest);
      }
    },
    succeeded(keys) {
      for (const key of keys) failures.delete(key);
    },
  };
}

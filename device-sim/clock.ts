import { setTimeout as delay } from 'node:timers/promises';

/** Time of the real world, as an argument: tests have their own. */
export interface Clock {
  /** Epoch ms. */
  now(): number;
  /** Resolves after a time, or at once when the signal aborts; never rejects. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => delay(ms, undefined, { signal }).catch(() => undefined),
};

/** How long to stay away from a broker that does not answer: ever longer, and spread, so that many do not return at once. */

export interface Backoff {
  /** Milliseconds until the next try. */
  next(): number;
  reset(): void;
}

export interface BackoffOptions {
  readonly firstMs: number;
  readonly longestMs: number;
}

export function createBackoff({ firstMs, longestMs }: BackoffOptions, random = Math.random): Backoff {
  let fullMs = firstMs;
  return {
    next() {
      const pauseMs = fullMs * (0.5 + random() / 2);
      fullMs = Math.min(fullMs * 2, longestMs);
      return pauseMs;
    },
    reset() {
      fullMs = firstMs;
    },
  };
}

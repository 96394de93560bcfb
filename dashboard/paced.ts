/** What is costly to make, for any number of askers. */

/** It takes a tenth of the time at most. */
const REST_FACTOR = 9;

/**
 * Makes it once for all who have asked before it is made, and then rests in proportion to what that took: hundreds of
 * pages that come back at once, after a power cut, cost hardly more than one. Nobody gets what was made before they asked.
 */
export function createPaced<T>(make: () => T, uptimeMs: () => number): () => Promise<T> {
  let next: Promise<T> | null = null;
  let restUntilMs = Number.NEGATIVE_INFINITY;

  function makeIt(): T {
    const beganMs = uptimeMs();
    next = null;
    try {
      return make();
    } finally {
      const endedMs = uptimeMs();
      restUntilMs = endedMs + REST_FACTOR * (endedMs - beganMs);
    }
  }

  return () => {
    next ??= new Promise<void>((resolve) => {
      const waitMs = restUntilMs - uptimeMs();
      if (waitMs > 0) setTimeout(resolve, waitMs).unref();
      else setImmediate(resolve);
    }).then(makeIt);
    return next;
  };
}

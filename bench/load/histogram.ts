/** Durations in buckets that grow with them: bounded, and true to 1.6 %. */

export interface Histogram {
  record(ms: number): void;
  clear(): void;
  count(): number;
  /** No smaller than the true quantile, and at most 1.6 % above it. 0 of nothing. */
  quantileMs(q: number): number;
  maxMs(): number;
}

/** Of each power of two. */
const STEPS = 64;
/** Up to 2^32 us, more than an hour. */
const BUCKETS = STEPS * 28;

export function createHistogram(): Histogram {
  const counts = new Float64Array(BUCKETS);
  let count = 0;
  let maxMs = 0;
  return {
    record(ms) {
      const bucket = bucketOf(ms * 1_000);
      counts[bucket] = (counts[bucket] ?? 0) + 1;
      count++;
      if (ms > maxMs) maxMs = ms;
    },
    clear() {
      counts.fill(0);
      count = 0;
      maxMs = 0;
    },
    count: () => count,
    quantileMs(q) {
      let left = Math.max(1, Math.ceil(q * count));
      const bucket = counts.findIndex((n) => {
        left -= n;
        return left <= 0;
      });
      return bucket < 0 ? 0 : Math.min(maxMs, endUs(bucket) / 1_000);
    },
    maxMs: () => maxMs,
  };
}

/** Below 64 us a bucket is one microsecond; above, each power of two has 64 of them. */
function bucketOf(us: number): number {
  if (us < STEPS) return Math.max(0, Math.floor(us));
  const power = Math.floor(Math.log2(us)) - 6;
  return Math.min(BUCKETS - 1, power * STEPS + Math.floor(us / 2 ** power));
}

function endUs(bucket: number): number {
  if (bucket < STEPS) return bucket + 1;
  const power = Math.floor(bucket / STEPS) - 1;
  return (bucket - power * STEPS + 1) * 2 ** power;
}

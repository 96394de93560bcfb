/** Readings of one series as columns: oldest first, no two of one ts. Grows by doubling; no object per reading. */

/** Code of quality `bad` in `QUALITY_CODES`: the device could not read a value. */
export const BAD = 2;

/** `value` is NaN exactly where the device could not read it; `quality` holds the codes of `QUALITY_CODES`. */
export interface SeriesColumns {
  readonly count: number;
  /** Epoch ms. At least `count` long. */
  readonly ts: Float64Array;
  readonly value: Float64Array;
  readonly quality: Uint8Array;
}

/** Columns that grow. */
export interface Head extends SeriesColumns {
  count: number;
  ts: Float64Array;
  value: Float64Array;
  quality: Uint8Array;
}

const FIRST_CAPACITY = 16;

export function createHead(capacity = FIRST_CAPACITY): Head {
  return {
    count: 0,
    ts: new Float64Array(capacity),
    value: new Float64Array(capacity),
    quality: new Uint8Array(capacity),
  };
}

/** Index of `ts`, or where it would have to be put, as -index - 1. */
export function findTs({ ts: column, count }: SeriesColumns, ts: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((column[middle] ?? 0) < ts) low = middle + 1;
    else high = middle;
  }
  return low < count && column[low] === ts ? low : -low - 1;
}

/** How many are older than `ts`: the index of the first that is not. */
export function countBelow(columns: SeriesColumns, ts: number): number {
  const at = findTs(columns, ts);
  return at < 0 ? -at - 1 : at;
}

/** Puts a reading in its place; its ts must not be there yet. */
export function insert(head: Head, ts: number, value: number, quality: number): void {
  if (head.count === head.ts.length) grow(head);
  const isNewest = head.count === 0 || ts > (head.ts[head.count - 1] ?? 0);
  const at = isNewest ? head.count : countBelow(head, ts);
  if (!isNewest) {
    head.ts.copyWithin(at + 1, at, head.count);
    head.value.copyWithin(at + 1, at, head.count);
    head.quality.copyWithin(at + 1, at, head.count);
  }
  head.ts[at] = ts;
  head.value[at] = value;
  head.quality[at] = quality;
  head.count++;
}

export function remove(head: Head, ts: number): void {
  const at = findTs(head, ts);
  if (at < 0) return;
  head.ts.copyWithin(at, at + 1, head.count);
  head.value.copyWithin(at, at + 1, head.count);
  head.quality.copyWithin(at, at + 1, head.count);
  head.count--;
}

function grow(head: Head): void {
  const bigger = createHead(head.ts.length * 2);
  bigger.ts.set(head.ts);
  bigger.value.set(head.value);
  bigger.quality.set(head.quality);
  head.ts = bigger.ts;
  head.value = bigger.value;
  head.quality = bigger.quality;
}

/** Rows `[from, to)`, without a copy. */
export function slice({ ts, value, quality }: SeriesColumns, from: number, to: number): SeriesColumns {
  return {
    count: to - from,
    ts: ts.subarray(from, to),
    value: value.subarray(from, to),
    quality: quality.subarray(from, to),
  };
}

/** Both in order of ts. What is in both is the same reading, and comes once. */
export function merge(a: SeriesColumns, b: SeriesColumns): SeriesColumns {
  const merged = createHead(Math.max(a.count + b.count, 1));
  let i = 0;
  for (let j = 0; j < b.count; j++) {
    const ts = b.ts[j] ?? 0;
    while (i < a.count && (a.ts[i] ?? 0) < ts) push(merged, a, i++);
    if (i === a.count || a.ts[i] !== ts) push(merged, b, j);
  }
  while (i < a.count) push(merged, a, i++);
  return merged;
}

function push(head: Head, { ts, value, quality }: SeriesColumns, i: number): void {
  head.ts[head.count] = ts[i] ?? 0;
  head.value[head.count] = value[i] ?? 0;
  head.quality[head.count] = quality[i] ?? 0;
  head.count++;
}

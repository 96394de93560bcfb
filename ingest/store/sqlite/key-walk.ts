/** The chunks of a series in their order, around pages that cannot be read. */
import type { DatabaseSync } from 'node:sqlite';
import type { Chunk } from './chunk.ts';
import { selectChunks } from './chunk-reader.ts';
import { isDamage } from './damage.ts';

/** A chunk, believed or not, or a span in which nothing can be read. */
type Step =
  | { readonly kind: 'chunk'; readonly chunk: Chunk }
  | { readonly kind: 'gap'; readonly from: number; readonly to: number };

/** Tries to get over one gap: with steps of that many parts of what is left. */
const PARTS = 4_000;
const LEAST_STEP_MS = 60_000;
const LATEST = 4e12;

type Found = Chunk | null | 'unreadable';

export function* inKeyOrder(db: DatabaseSync, series: number): Generator<Step> {
  const selectNext = selectChunks(db, 'series = ? AND start > ? ORDER BY start LIMIT 1');
  const selectLast = selectChunks(db, 'series = ? ORDER BY start DESC LIMIT 1');
  const next = (at: number): Found => readable(() => selectNext(series, at));
  const last = readable(() => selectLast(series));
  const latest = last === 'unreadable' ? LATEST : (last?.start ?? Number.NEGATIVE_INFINITY);
  let at = Number.NEGATIVE_INFINITY;
  let end = -1;
  for (let found = next(at); found !== null; found = next(at)) {
    if (found === 'unreadable') {
      const behind = overGap(next, Math.max(at, end), latest);
      yield { kind: 'gap', from: end + 1, to: behind === null ? latest : behind.start - 1 };
      if (behind === null) return;
      found = behind;
    }
    // Never back: keys out of order are damage.
    if (!(found.start > at)) return;
    yield { kind: 'chunk', chunk: found };
    at = found.start;
    end = Math.max(end, found.end);
  }
}

/** The first chunk behind pages that cannot be read, or null. */
function overGap(next: (at: number) => Found, from: number, latest: number): Chunk | null {
  const step = Math.max(LEAST_STEP_MS, (latest - from) / PARTS);
  for (let at = from + step; at <= latest + step; at += step) {
    const found = next(at);
    if (found === null) return null;
    if (found !== 'unreadable') return nearest(next, at - step, at);
  }
  return null;
}

/** Between a place that cannot be read and one that can, as near to the first as it goes. */
function nearest(next: (at: number) => Found, unreadable: number, readableAt: number): Chunk | null {
  let [low, high] = [unreadable, readableAt];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (next(middle) === 'unreadable') low = middle;
    else high = middle;
  }
  const found = next(high);
  return found === 'unreadable' ? null : found;
}

function readable(select: () => readonly Chunk[]): Found {
  try {
    return select()[0] ?? null;
  } catch (error) {
    if (!isDamage(error)) throw error;
    return 'unreadable';
  }
}

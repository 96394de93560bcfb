/** The village as it was at full hours, as far back as somebody may have to go on from. */

/** More hours than this, and every second one is given up: whoever goes on from an older one repeats more. */
const MAX_KEPT = 48;

export interface Snapshots<T extends { readonly atMs: number }> {
  add(snapshot: T): void;
  /** The last that is not later than a time; all before it are forgotten. */
  before(atMs: number): T;
}

export function createSnapshots<T extends { readonly atMs: number }>(first: T): Snapshots<T> {
  let kept: T[] = [first];
  return {
    add(snapshot) {
      if (kept.length >= MAX_KEPT) kept = kept.filter((_, i) => i % 2 === 0);
      kept.push(snapshot);
    },
    before(atMs) {
      const last = Math.max(
        0,
        kept.findLastIndex((snapshot) => snapshot.atMs <= atMs),
      );
      kept.splice(0, last);
      return kept[0] ?? first;
    },
  };
}

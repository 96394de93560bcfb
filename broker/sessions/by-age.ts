/** The messages of all sessions, oldest first. */
import type { QueuedRow } from './rows.ts';

export interface ByAge {
  /** `kept`: how many there are that are not gone. */
  add(row: QueuedRow, kept: number): void;
  /** Takes the oldest as long as it is too much, and tells how many it took. */
  takeWhile(isTooMuch: (oldest: QueuedRow) => boolean, take: (row: QueuedRow) => void): number;
}

/** Fewer that are gone are not worth the walk. */
const MIN_GONE = 1_000;

export function createByAge(): ByAge {
  /** With some that are gone: most go long before their time, and none of them is looked for here. */
  let rows: QueuedRow[] = [];
  /** Those before have been taken. */
  let first = 0;

  function tidy(kept: number): void {
    if (rows.length <= 2 * kept + MIN_GONE) return;
    rows = rows.filter(({ isGone }) => !isGone);
    first = 0;
  }

  return {
    add(row, kept) {
      tidy(kept);
      rows.push(row);
    },
    takeWhile(isTooMuch, take) {
      let taken = 0;
      for (let row = rows[first]; row && (row.isGone || isTooMuch(row)); row = rows[++first]) {
        if (row.isGone) continue;
        take(row);
        taken++;
      }
      return taken;
    },
  };
}

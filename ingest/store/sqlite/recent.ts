/** The reader's view of the journal: decoded once, searched for each query. */
import type { DatabaseSync } from 'node:sqlite';
import { createHead, findTs, type Head, insert, type SeriesColumns } from './columns.ts';
import { createJournalTable, type DamagedEntry, type JournalEntry } from './journal.ts';

export interface Recent {
  /** What the journal holds of a series in `[from, to)`, as of the transaction that is open. */
  of(series: number, from: number, to: number): SeriesColumns;
}

/** `onDamage` is told of an entry that cannot be read, once. */
export function createRecent(db: DatabaseSync, onDamage: (entry: DamagedEntry) => void): Recent {
  const journal = createJournalTable(db, 'read');
  let entries: JournalEntry[] = [];
  let lastId = Number.NEGATIVE_INFINITY;

  function refresh(): void {
    const oldest = journal.oldest();
    if (oldest === null) entries = [];
    else if ((entries[0]?.id ?? oldest) < oldest) entries = entries.filter(({ id }) => id >= oldest);
    const noteDamage = (entry: DamagedEntry): void => {
      lastId = entry.id;
      onDamage(entry);
    };
    for (const entry of journal.read(lastId, noteDamage)) entries.push(entry);
    lastId = Math.max(lastId, entries.at(-1)?.id ?? lastId);
  }

  return {
    of(series, from, to) {
      refresh();
      const found = createHead();
      for (const { columns } of entries) {
        for (let i = columns.series.indexOf(series); i >= 0; i = columns.series.indexOf(series, i + 1)) {
          const ts = columns.ts[i] ?? 0;
          if (ts >= from && ts < to) insertOnce(found, ts, columns.value[i] ?? 0, columns.quality[i] ?? 0);
        }
      }
      return found;
    },
  };
}

/** A journal that outlived a crash may hold what a later entry holds too. */
function insertOnce(head: Head, ts: number, value: number, quality: number): void {
  const isNewer = head.count === 0 || ts > (head.ts[head.count - 1] ?? 0);
  if (isNewer || findTs(head, ts) < 0) insert(head, ts, value, quality);
}

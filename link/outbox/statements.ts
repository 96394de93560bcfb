/** What is asked of the outbox's database. */
import type { DatabaseSync } from 'node:sqlite';

/** Of an entry beside its data, in the file. */
export const ENTRY_BYTES = 12;

type Statements = ReturnType<typeof prepareStatements>;

export function prepareStatements(db: DatabaseSync) {
  return {
    insert: db.prepare('INSERT INTO entry (items, data) VALUES (?, ?)'),
    after: db.prepare('SELECT id, items, data FROM entry WHERE id > ? ORDER BY id'),
    before: db.prepare('SELECT id, items, data FROM entry WHERE id < ? ORDER BY id DESC'),
    sizes: db.prepare(`SELECT id, length(data) + ${ENTRY_BYTES} AS bytes FROM entry ORDER BY id`),
    remove: db.prepare('DELETE FROM entry WHERE id <= ?'),
    removeOne: db.prepare(
      `DELETE FROM entry WHERE id = ? RETURNING 1 AS entries, items, length(data) + ${ENTRY_BYTES} AS bytes`,
    ),
    dropped: db.prepare("SELECT items FROM tally WHERE name = 'dropped'"),
    tally: db.prepare(
      "INSERT INTO tally VALUES ('dropped', ?) ON CONFLICT (name) DO UPDATE SET items = items + excluded.items",
    ),
    bury: db.prepare('INSERT INTO dead_letter (reason, text) VALUES (?, ?)'),
    forget: db.prepare('DELETE FROM dead_letter WHERE id <= (SELECT max(id) FROM dead_letter) - ?'),
    deadLetters: db.prepare('SELECT reason, text FROM dead_letter ORDER BY id DESC LIMIT ?'),
    lastId: db.prepare('SELECT seq FROM sqlite_sequence WHERE name = ?'),
    sums: db.prepare(
      `SELECT count(*) AS entries, coalesce(sum(items), 0) AS items, coalesce(sum(length(data) + ${ENTRY_BYTES}), 0) AS bytes
       FROM entry WHERE id <= ?`,
    ),
    note: db.prepare('SELECT text FROM note WHERE name = ?'),
    keepNote: db.prepare('INSERT OR REPLACE INTO note VALUES (?, ?)'),
    freePages: db.prepare('PRAGMA freelist_count'),
  };
}

export interface Sums {
  readonly entries: number;
  readonly items: number;
  readonly bytes: number;
}

/** Of the entries up to that id. */
export function sum({ sums }: Statements, upTo: number): Sums {
  const { entries, items, bytes } = sums.get(upTo) as unknown as Sums;
  return { entries, items, bytes };
}

export function plus(sums: Sums, { entries = 0, items = 0, bytes = 0 }: Partial<Sums> = {}): Sums {
  return { entries: sums.entries + entries, items: sums.items + items, bytes: sums.bytes + bytes };
}

export function minus({ entries, items, bytes }: Sums): Sums {
  return { entries: -entries, items: -items, bytes: -bytes };
}

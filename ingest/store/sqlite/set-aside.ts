/**
 * What cannot be believed goes into a table of its own, with its bytes as they are and why: nothing of it is deleted, so that
 * `repair` may still save something, and it is told at each start until then.
 */
import type { DatabaseSync } from 'node:sqlite';
import { selectChunks } from './chunk-reader.ts';
import { faultOfRow } from './chunk-seal.ts';
import { type Damage, isDamage } from './damage.ts';

/** Its columns have no types: damage has none. `origin`: the table it comes from, or `waiting`: whole, but with no place to go. */
export const DAMAGED_TABLE = `
  CREATE TABLE damaged (
    id INTEGER PRIMARY KEY, found_at, origin, reason, series, from_ts, to_ts,
    start, end, kind, count, good, min, max, sum, last, seal, data
  );
  CREATE INDEX damaged_by_series ON damaged (series, from_ts);
`;

export interface SetAside {
  /** Whether it is gone from the table of chunks. Told in any case. */
  chunk(series: number, start: number, reason: string): boolean;
  journalEntry(id: number, reason: string): void;
  /** Of version 1, which kept a row a reading. */
  row(series: number, ts: number, value: unknown): void;
  seriesRow(id: number, reason: string): void;
  /** Readings that are whole, of a series whose chunks cannot be read: for `repair`. Within the caller's transaction. */
  wait(series: number, span: { readonly from: number; readonly to: number }, data: Uint8Array): void;
  /** What is left where it is. */
  tell(damage: Omit<Damage, 'foundAt'>): void;
  /** What has been told since it was last asked for. */
  news(): readonly Damage[];
  /** All that lies aside; of very much the first. */
  standing(): readonly Damage[];
}

const CHUNK = 'series, start, end, kind, count, good, min, max, sum, last, seal, data';
const MAX_STANDING = 1_000;
/** Told, but not moved: a file with more is one for `repair`, not for a list. */
const MAX_FIXED = 10_000;
const CORRUPT_INDEX = 779;

export function createSetAside(db: DatabaseSync, now: () => number): SetAside {
  const selectAt = selectChunks(db, 'series = ? AND start = ?');
  const selectAfter = selectChunks(db, 'series = ? AND start > ? ORDER BY start LIMIT 1');
  const insertWaiting = db.prepare(
    "INSERT INTO damaged (found_at, origin, reason, series, from_ts, to_ts, data) VALUES (?, 'waiting', ?, ?, ?, ?, ?)",
  );
  /** What cannot be moved, so that it is tried once only. */
  const fixed = new Set<string>();
  let told: Damage[] = [];

  /** From its row where that can be believed, else up to the next chunk. */
  function spanOf(series: number, start: number): { from: number; to: number } {
    const chunk = selectAt(series, start)[0];
    if (chunk && faultOfRow(series, chunk) === null) return { from: start, to: chunk.end };
    const next = selectAfter(series, start)[0];
    return { from: start, to: next ? Math.max(start, next.start - 1) : Math.max(start, now()) };
  }

  /** `copy` and `remove` in one: both are done, or neither. */
  function move(copy: () => void, remove: () => void): void {
    db.exec('SAVEPOINT aside');
    try {
      copy();
      remove();
      db.exec('RELEASE aside');
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK TO aside; RELEASE aside');
      throw error;
    }
  }

  /** Runs `work`; whether nothing was in its way. A full disk is not its business, and is thrown. */
  function isDone(key: string, work: () => void): boolean {
    if (fixed.has(key)) return false;
    try {
      work();
      return true;
    } catch (error) {
      if (!isDamage(error)) throw error;
      if (fixed.size < MAX_FIXED) fixed.add(key);
      return false;
    }
  }

  const tell: SetAside['tell'] = (damage) => void told.push({ ...damage, foundAt: now() });

  function chunk(series: number, start: number, reason: string): boolean {
    const key = `${series}/${start}`;
    if (fixed.has(key)) return false;
    let span: { from: number; to: number } | { from: null; to: null } = { from: null, to: null };
    const isMoved = isDone(key, () => {
      span = spanOf(series, start);
      const { from, to } = span;
      const copied = `INSERT INTO damaged (found_at, origin, reason, from_ts, to_ts, ${CHUNK})
        SELECT ?, 'chunk', ?, ?, ?, ${CHUNK} FROM chunk WHERE series = ? AND start = ?`;
      move(
        () => db.prepare(copied).run(now(), reason, from, to, series, start),
        () => removeRow(db, 'DELETE FROM chunk WHERE series = ? AND start = ?', series, start),
      );
    });
    tell({ series, ...span, reason: sentence('chunk', reason) });
    return isMoved;
  }

  return {
    chunk,
    journalEntry(id, reason) {
      isDone(`journal ${id}`, () =>
        move(
          () =>
            db
              .prepare(
                "INSERT INTO damaged (found_at, origin, reason, start, data) SELECT ?, 'journal', ?, id, data FROM journal WHERE id = ?",
              )
              .run(now(), reason, id),
          () => removeRow(db, 'DELETE FROM journal WHERE id = ?', id),
        ),
      );
      tell({ series: null, from: null, to: null, reason: sentence('journal', reason) });
    },
    seriesRow(id, reason) {
      isDone(`series ${id}`, () =>
        move(
          () =>
            db
              .prepare(
                "INSERT INTO damaged (found_at, origin, reason, series, start, data) SELECT ?, 'series', ?, id, device, metric FROM series WHERE id = ?",
              )
              .run(now(), reason, id),
          () => removeRow(db, 'DELETE FROM series WHERE id = ?', id),
        ),
      );
      tell({ series: null, from: null, to: null, reason: sentence('series', reason) });
    },
    row(series, ts, value) {
      db.prepare(
        "INSERT INTO damaged (found_at, origin, reason, series, start, data) VALUES (?, 'row', ?, ?, ?, ?)",
      ).run(...[now(), 'it cannot be a reading', series, ts, value as null]);
      tell({ series: null, from: null, to: null, reason: sentence('row', 'it cannot be a reading') });
    },
    wait: (series, { from, to }, data) =>
      void insertWaiting.run(now(), 'no place among its chunks', series, from, to, data),
    tell,
    news() {
      const news = told;
      told = [];
      return news;
    },
    standing: () => standingOf(db),
  };
}

/** Where an index does not agree with a damaged row, SQLite deletes the row only if told not to mind. */
function removeRow(db: DatabaseSync, sql: string, ...key: number[]): void {
  const remove = db.prepare(sql);
  try {
    remove.run(...key);
  } catch (error) {
    if ((error as { errcode?: number }).errcode !== CORRUPT_INDEX) throw error;
    withoutMinding(db, () => remove.run(...key));
  }
}

function withoutMinding(db: DatabaseSync, work: () => void): void {
  db.enableDefensive(false);
  try {
    db.exec('PRAGMA writable_schema = ON');
    work();
  } finally {
    db.exec('PRAGMA writable_schema = OFF');
    db.enableDefensive(true);
  }
}

const WHAT: Readonly<Record<string, string>> = {
  chunk: 'a chunk of readings is damaged and set aside',
  journal: 'a commit of the journal is damaged and set aside',
  series: 'a device and metric of the list of series is damaged and set aside, with its readings',
  row: 'a reading of version 1 is damaged and set aside',
  waiting: 'readings are whole and wait for a repair',
};

function sentence(origin: string, reason: string): string {
  return `${WHAT[origin] ?? 'something is set aside'}: ${reason}`;
}

interface StandingRow {
  readonly series: number | null;
  readonly from_ts: number | null;
  readonly to_ts: number | null;
  readonly found_at: number | null;
  readonly origin: string;
  readonly reason: string;
}

function standingOf(db: DatabaseSync): Damage[] {
  const numbers = ['series', 'from_ts', 'to_ts', 'found_at'].map((name) => `CAST(${name} AS REAL) AS ${name}`);
  const rows = db
    .prepare(`SELECT ${numbers.join(', ')}, origin, CAST(reason AS TEXT) AS reason FROM damaged ORDER BY id LIMIT ?`)
    .all(MAX_STANDING) as unknown as StandingRow[];
  const whole = (number: number | null): number | null => (Number.isInteger(number) ? number : null);
  return rows.map(({ series, from_ts, to_ts, found_at, origin, reason }) => ({
    series: whole(series),
    from: whole(from_ts),
    to: whole(to_ts),
    reason: sentence(origin, reason),
    foundAt: whole(found_at) ?? 0,
  }));
}

/** What is damaged in `alarms.db`: rows that are not to be believed are set aside within the file, what SQLite cannot read is left out; both are told. */

import type { DatabaseSync } from 'node:sqlite';
import { repairCommand } from '../../link/repair-command.ts';
import { isUnreadable } from '../../link/sqlite-damage.ts';
import type { DataFault } from '../../model/data-fault.ts';
import { inTransaction } from '../store/sqlite/transaction.ts';
import { believe, COLUMNS, plain, type Row, TABLES, type Table } from './journal-rows.ts';

export interface JournalDependencies {
  /** The list of what is wrong with the data folder. */
  readonly faults: { note(fault: DataFault): void };
  /** Epoch ms. */
  readonly now: () => number;
}

export interface JournalDamage {
  /** The body of a row that is believed; null, and the row set aside, where it is not. */
  read<T>(table: Table, row: Row): T | null;
  readAll<T>(table: Table, rows: readonly Row[]): T[];
  /** What the file says, or the fallback where SQLite cannot read it. */
  orElse<T>(fallback: T, ask: () => T): T;
  /** Tells of an error that means damage, and throws it all the same. */
  telling<T>(act: () => T): T;
  /** Looks at a few rows, so that damage is found that nobody asks for; to be called once a second. */
  scrub(): void;
}

/** Columns of a table to read, with which the row is found again. */
export const columnsOf = (table: Table): string =>
  ['rowid AS row_id', ...COLUMNS[table], 'body', 'checksum'].map((column) => `${table}.${column}`).join(', ');

/** Of each table: a journal of a million events is looked through in a few hours, and nobody waits for it. */
const SCRUB_ROWS = 100;
const SCRUB_AGAIN_MS = 86_400_000;

export function createJournalDamage(db: DatabaseSync, { faults, now }: JournalDependencies): JournalDamage {
  const setAside = createSetAside(db, now);

  const remedy = `Put a backup back, or stop the server and run: ${repairCommand(db.location() ?? 'alarms.db')}`;

  function note(detail: string, device?: string): void {
    const fault: DataFault = { file: 'alarms.db', kind: 'damaged', detail: `${detail} ${remedy}`, at: now() };
    faults.note(device === undefined ? fault : { ...fault, device });
  }

  function noteError(error: unknown): void {
    if (isUnreadable(error)) note(`alarms.db: ${(error as Error).message}. Alarms are told and kept in memory.`);
  }

  function read<T>(table: Table, row: Row): T | null {
    const body = believe<T>(table, row);
    if (body !== null) return body;
    setAside(table, row);
    note(
      `Rows of alarms.db do not fit their checksums; they are set aside and not shown. First: ${nameOf(table, row)}.`,
    );
    return null;
  }

  const readAll = <T>(table: Table, rows: readonly Row[]): T[] =>
    rows.map((row) => read<T>(table, row)).filter((body) => body !== null);

  function orElse<T>(fallback: T, ask: () => T): T {
    try {
      return ask();
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      noteError(error);
      return fallback;
    }
  }

  const before = TABLES.map((table) => countAside(db, table)).reduce((sum, count) => sum + count, 0);
  if (before > 0) note(`${before} rows of alarms.db are damaged and set aside; they are not shown.`);

  return {
    read,
    readAll,
    orElse,
    telling(act) {
      try {
        return act();
      } catch (error) {
        noteError(error);
        throw error;
      }
    },
    scrub: createScrub(db, { look: (table, rows) => void readAll(table, rows), orElse, now }),
  };
}

function countAside(db: DatabaseSync, table: Table): number {
  return Number(db.prepare(`SELECT count(*) AS count FROM damaged_${table}`).get()?.count);
}

/** Which row it was, as far as it can still be told. */
export function nameOf(table: Table, row: Row): string {
  const [key] = COLUMNS[table];
  const of = table === 'event' ? ` of ${JSON.stringify(row.alarm)}` : '';
  return `${table} ${JSON.stringify(plain(row[key])) ?? ''}${of}`;
}

/** Moves a row, byte for byte, to a table that holds nothing but damaged ones. One that cannot be moved stays, and is not shown either. */
function createSetAside(db: DatabaseSync, now: () => number): (table: Table, row: Row) => void {
  const statements = new Map(
    TABLES.map((table) => {
      const columns = [...COLUMNS[table], 'body', 'checksum'].join(', ');
      const keep = `INSERT INTO damaged_${table} (found_at, ${columns}) SELECT ?, ${columns} FROM ${table} WHERE rowid = ?`;
      return [table, { keep: db.prepare(keep), drop: db.prepare(`DELETE FROM ${table} WHERE rowid = ?`) }];
    }),
  );
  return (table, row) => {
    const statement = statements.get(table);
    const id = row.row_id as bigint;
    try {
      inTransaction(db, () => {
        statement?.keep.run(now(), id);
        statement?.drop.run(id);
      });
    } catch {
      // A full disk, or damage round about: it is not believed the next time either.
    }
  };
}

interface ScrubDependencies extends Pick<JournalDamage, 'orElse'> {
  readonly look: (table: Table, rows: readonly Row[]) => void;
  readonly now: () => number;
}

/** From the start through every row, a few at a time; then a day of rest. */
function createScrub(db: DatabaseSync, { look, orElse, now }: ScrubDependencies): () => void {
  const ends = TABLES.map((table) => {
    const next = db.prepare(
      `SELECT ${columnsOf(table)} FROM ${table} NOT INDEXED WHERE rowid > ? ORDER BY rowid LIMIT ${SCRUB_ROWS}`,
    );
    next.setReadBigInts(true);
    return { table, next, afterId: 0n };
  });
  let doneAtMs = Number.NEGATIVE_INFINITY;

  return () => {
    // Also where the clock was ahead and has been set right.
    if (Math.abs(now() - doneAtMs) < SCRUB_AGAIN_MS) return;
    let isDone = true;
    for (const end of ends) {
      const rows = orElse([], () => end.next.all(end.afterId));
      if (rows.length > 0) isDone = false;
      end.afterId = (rows.at(-1)?.row_id as bigint | undefined) ?? end.afterId;
      look(end.table, rows);
    }
    if (!isDone) return;
    doneAtMs = now();
    for (const end of ends) end.afterId = 0n;
  };
}

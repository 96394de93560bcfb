/** Reads out a table of a damaged `alarms.db`, around what SQLite cannot read. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { isUnreadable } from '../../link/sqlite-damage.ts';
import { inTransaction } from '../store/sqlite/transaction.ts';
import { nameOf } from './journal-damage.ts';
import { believe, COLUMNS, checksumOf, plain, type Row, readShape, type Table } from './journal-rows.ts';

export interface Salvaged {
  readonly table: Table;
  readonly saved: number;
  /** Names of the rows that are not to be believed. */
  readonly damaged: readonly string[];
  /** Rows that the server had set aside before. */
  readonly aside: number;
  /** SQLite could read all of the table. */
  readonly isComplete: boolean;
  /** Rows in pages that cannot be read; null: nobody knows. */
  readonly unread: number | null;
}

interface Task {
  readonly from: DatabaseSync;
  readonly to: DatabaseSync;
  readonly table: Table;
  readonly hasChecksums: boolean;
}

export function salvage({ from, to, table, hasChecksums }: Task): Salvaged {
  const columns = [...COLUMNS[table], 'body'] as const;
  const put = to.prepare(
    `INSERT OR REPLACE INTO ${table} (${columns.join(', ')}, checksum) VALUES (${columns.map(() => '?').join(', ')}, ?)`,
  );
  const damaged: string[] = [];
  const seen = new Set<bigint>();
  let saved = 0;

  function take(row: Row): void {
    // Where the order of pages is garbled, a row may come twice.
    if (seen.has(row.row_id as bigint)) return;
    seen.add(row.row_id as bigint);
    const body = hasChecksums ? believe(table, row) : readShape(table, row);
    if (body === null) {
      damaged.push(nameOf(table, row));
      return;
    }
    const values = columns.map((column) => plain(row[column]) as string);
    put.run(...values, checksumOf(table, row));
    saved++;
  }

  const isComplete = inTransaction(to, () => readAround(from, { table, hasChecksums }, take));
  const known = isComplete ? null : countByIndex(from, table);
  const unread = known === null || known < seen.size ? null : known - seen.size;
  return { table, saved, damaged, aside: hasChecksums ? asideOf(from, table) : 0, isComplete, unread };
}

const LAST_ROWID = 2n ** 62n;
/** Each begins behind what could not be read; no file has as many bad places. */
const MOST_ATTEMPTS = 10_000;

/** Whether all could be read. */
function readAround(
  from: DatabaseSync,
  { table, hasChecksums }: Pick<Task, 'table' | 'hasChecksums'>,
  take: (row: Row) => void,
): boolean {
  const columns = [...COLUMNS[table], 'body', ...(hasChecksums ? ['checksum'] : [])].join(', ');
  const rows = from.prepare(
    `SELECT rowid AS row_id, ${columns} FROM ${table} NOT INDEXED WHERE rowid >= ? ORDER BY rowid`,
  );
  rows.setReadBigInts(true);
  let next: bigint | null = 0n;
  let attempts = 0;
  while (next !== null && attempts++ < MOST_ATTEMPTS) {
    try {
      for (const row of rows.iterate(next)) {
        take(row);
        const rowId = row.row_id as bigint;
        if (rowId >= next) next = rowId + 1n;
      }
      return attempts === 1;
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      next = nextReadable(rows, next);
    }
  }
  return false;
}

/** The first row id behind a bad place at which SQLite can read on: far ahead in growing steps, then back by halves. */
function nextReadable(rows: StatementSync, bad: bigint): bigint | null {
  let [low, high, step] = [bad, bad + 1n, 1n];
  while (!canRead(rows, high)) {
    low = high;
    step *= 2n;
    high += step;
    if (high > LAST_ROWID) return null;
  }
  while (high - low > 1n) {
    const middle = (low + high) / 2n;
    if (canRead(rows, middle)) high = middle;
    else low = middle;
  }
  return high;
}

function canRead(rows: StatementSync, rowId: bigint): boolean {
  try {
    rows.get(rowId);
    return true;
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    return false;
  }
}

/** Each table has an index with an entry a row, in pages of its own. */
const INDEXES: Readonly<Record<Table, string>> = {
  alarm: 'sqlite_autoindex_alarm_1',
  event: 'event_alarm',
  work: 'sqlite_autoindex_work_1',
  detector_memory: 'sqlite_autoindex_detector_memory_1',
};

function countByIndex(from: DatabaseSync, table: Table): number | null {
  try {
    return Number(from.prepare(`SELECT count(*) AS count FROM ${table} INDEXED BY ${INDEXES[table]}`).get()?.count);
  } catch {
    return null;
  }
}

function asideOf(from: DatabaseSync, table: Table): number {
  try {
    return Number(from.prepare(`SELECT count(*) AS count FROM damaged_${table}`).get()?.count);
  } catch {
    return 0;
  }
}

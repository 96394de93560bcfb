/** History of one series from the reading table (contract 3.4). */
import type { DatabaseSync } from 'node:sqlite';
import type { Aggregate, HistoryPoint, HistoryResult } from '../../model/history.ts';
import type { Calls } from './sqlite-protocol.ts';

type Query = Calls['history'][0];

export function queryHistory(db: DatabaseSync, query: Query): HistoryResult {
  return query.aggregate === 'raw' ? queryRaw(db, query) : queryBuckets(db, query, query.aggregate);
}

function queryRaw(db: DatabaseSync, { series, from, to, points }: Query): HistoryResult {
  // One more than asked for tells whether there is a next page, and where it starts.
  const rows = selectArrays(
    db,
    'SELECT ts, value FROM reading WHERE series = ? AND ts >= ? AND ts < ? ORDER BY ts LIMIT ?',
    [series, from, to, points + 1],
  );
  const next = rows.length > points ? (rows.pop()?.[0] ?? null) : null;
  return { bucketMs: 0, points: rows, next };
}

/** SQL skips the nulls of bad readings, so a bucket of bad readings alone gives null. */
const COLUMNS: Record<Exclude<Aggregate, 'raw' | 'last'>, string> = {
  mean: 'avg(value)',
  min: 'min(value)',
  max: 'max(value)',
  minmax: 'min(value), max(value), avg(value)',
};

function queryBuckets(db: DatabaseSync, query: Query, aggregate: Exclude<Aggregate, 'raw'>): HistoryResult {
  const { series, from, to, points } = query;
  const bucketMs = Math.max(1, Math.ceil((to - from) / points));
  // With max(ts), SQLite takes the bare column `value` from that very row.
  const columns = aggregate === 'last' ? 'value, max(ts)' : COLUMNS[aggregate];
  const rows = selectArrays(
    db,
    `SELECT ? + ((ts - ?) / ?) * ? AS start, ${columns}
     FROM reading WHERE series = ? AND ts >= ? AND ts < ? GROUP BY start ORDER BY start`,
    [from, from, bucketMs, bucketMs, series, from, to],
  );
  return { bucketMs, points: aggregate === 'last' ? rows.map((row) => row.slice(0, 2)) : rows, next: null };
}

function selectArrays(db: DatabaseSync, sql: string, parameters: readonly number[]): HistoryPoint[] {
  const statement = db.prepare(sql);
  statement.setReturnArrays(true);
  // Whole numbers bind as integers only as bigint: `ts / bucket` must be a division of integers.
  return statement.all(...parameters.map(BigInt)) as unknown as HistoryPoint[];
}

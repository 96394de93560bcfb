/** Version 1 kept a row a reading: into chunks with them. */
import type { DatabaseSync } from 'node:sqlite';
import { createChunkTable, FULL_CHUNK } from './chunk-table.ts';
import { BAD, createHead, insert } from './columns.ts';
import { isTs } from './damage.ts';
import { QUALITY_CODES } from './protocol.ts';
import { createSetAside } from './set-aside.ts';

type Row = readonly [series: number, ts: number, value: unknown, quality: number];

/** Within the caller's transaction. A row that cannot be a reading is set aside. */
export function migrateRows(db: DatabaseSync): void {
  const setAside = createSetAside(db, Date.now);
  const chunks = createChunkTable(db, setAside.chunk);
  const rows = db.prepare(
    'SELECT CAST(series AS REAL), CAST(ts AS REAL), value, CAST(quality AS REAL) FROM reading ORDER BY series, ts',
  );
  rows.setReturnArrays(true);
  let head = createHead(FULL_CHUNK);
  let current = -1;
  for (const row of rows.iterate() as unknown as Iterable<Row>) {
    const [series, ts, value, quality] = row;
    if (!isReading(row)) {
      setAside.row(series, ts, value);
      continue;
    }
    if (series !== current || head.count === FULL_CHUNK) {
      chunks.merge(current, head);
      head = createHead(FULL_CHUNK);
      current = series;
    }
    insert(head, ts, (value as number | null) ?? Number.NaN, value === null ? BAD : quality);
  }
  chunks.merge(current, head);
  db.exec('DROP TABLE reading');
}

function isReading([series, ts, value, quality]: Row): boolean {
  const isValue = value === null || (typeof value === 'number' && Number.isFinite(value));
  return Number.isInteger(series) && series > 0 && isTs(ts) && isValue && quality < QUALITY_CODES.length;
}

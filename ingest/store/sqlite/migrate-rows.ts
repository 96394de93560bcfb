/** Version 1 kept a row a reading: into chunks with them. */
import type { DatabaseSync } from 'node:sqlite';
import { createChunkTable, FULL_CHUNK } from './chunk-table.ts';
import { BAD, createHead, insert } from './columns.ts';

/** Within the caller's transaction. */
export function migrateRows(db: DatabaseSync): void {
  const chunks = createChunkTable(db);
  const rows = db.prepare('SELECT series, ts, value, quality FROM reading ORDER BY series, ts');
  rows.setReturnArrays(true);
  let head = createHead(FULL_CHUNK);
  let current = -1;
  for (const [series, ts, value, quality] of rows.iterate() as unknown as Iterable<[number, number, number, number]>) {
    if (series !== current || head.count === FULL_CHUNK) {
      chunks.merge(current, head);
      head = createHead(FULL_CHUNK);
      current = series;
    }
    insert(head, ts, value ?? Number.NaN, value === null ? BAD : quality);
  }
  chunks.merge(current, head);
  db.exec('DROP TABLE reading');
}

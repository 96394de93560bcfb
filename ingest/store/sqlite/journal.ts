/**
 * The journal: one blob a commit with the columns of all that came, so that thousands of series in turn cost one page of the
 * database and not a page each. Compaction moves it into chunks (`compactor.ts`) and deletes it from its old end.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { ReadingColumns } from './protocol.ts';

/** Layout: count (8 bytes for the alignment of what follows), ts, value, series, quality; little-endian. */
const HEADER_BYTES = 8;
const BYTES_PER_READING = 21;

export interface JournalEntry {
  readonly id: number;
  readonly columns: ReadingColumns;
}

export interface JournalTable {
  append(columns: ReadingColumns): number;
  /** Entries with `id > after`, oldest first. */
  read(after: number): JournalEntry[];
  /** The oldest id there is, or null. */
  oldest(): number | null;
  /** Deletes up to `id`, but no more than `limit` entries. Whether that was all of them. */
  deleteUpTo(id: number, limit: number): boolean;
}

export function createJournalTable(db: DatabaseSync, access: 'read' | 'write'): JournalTable {
  const select = db.prepare('SELECT id, data FROM journal WHERE id > ? ORDER BY id');
  const selectOldest = db.prepare('SELECT min(id) AS oldest FROM journal');
  const insert = access === 'write' ? db.prepare('INSERT INTO journal (data) VALUES (?)') : null;
  const remove = access === 'write' ? db.prepare('DELETE FROM journal WHERE id <= ?') : null;
  const oldest = (): number | null => (selectOldest.get()?.oldest as number | null) ?? null;
  return {
    append: (columns) => Number(insert?.run(encode(columns)).lastInsertRowid),
    read: (after) =>
      select.all(after).map((row) => ({ id: row.id as number, columns: decode(row.data as Uint8Array) })),
    oldest,
    deleteUpTo(id, limit) {
      const upTo = Math.min(id, (oldest() ?? id) + limit);
      remove?.run(upTo);
      return upTo === id;
    },
  };
}

function encode({ series, ts, value, quality }: ReadingColumns): Uint8Array {
  const count = series.length;
  const bytes = new Uint8Array(HEADER_BYTES + count * BYTES_PER_READING);
  const views = viewsOf(bytes.buffer, count);
  new DataView(bytes.buffer).setUint32(0, count, true);
  views.ts.set(ts);
  views.value.set(value);
  views.series.set(series);
  views.quality.set(quality);
  return bytes;
}

function decode(data: Uint8Array): ReadingColumns {
  // A copy where the database's own buffer does not begin on a multiple of 8.
  const bytes = data.byteOffset % 8 === 0 ? data : data.slice();
  const count = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  return viewsOf(bytes.buffer as ArrayBuffer, count, bytes.byteOffset);
}

function viewsOf(buffer: ArrayBuffer, count: number, offset = 0): ReadingColumns {
  const from = offset + HEADER_BYTES;
  return {
    ts: new Float64Array(buffer, from, count),
    value: new Float64Array(buffer, from + count * 8, count),
    series: new Int32Array(buffer, from + count * 16, count),
    quality: new Uint8Array(buffer, from + count * 20, count),
  };
}

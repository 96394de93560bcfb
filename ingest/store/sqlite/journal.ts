/**
 * The journal: one blob a commit with the columns of all that came, so that thousands of series in turn cost one page of the
 * database and not a page each. Compaction moves it into chunks (`compactor.ts`) and deletes it from its old end.
 */
import type { DatabaseSync } from 'node:sqlite';
import { BAD } from './columns.ts';
import { DamageError, isTs } from './damage.ts';
import { QUALITY_CODES, type ReadingColumns } from './protocol.ts';

/** Layout: count (8 bytes for the alignment of what follows), ts, value, series, quality; little-endian. */
const HEADER_BYTES = 8;
const BYTES_PER_READING = 21;

export interface JournalEntry {
  readonly id: number;
  readonly columns: ReadingColumns;
}

interface MaybeEntry {
  readonly id: number;
  readonly columns: ReadingColumns | null;
}

/** An entry that cannot be what was written: its length, a number or a code does not fit. It has no checksum yet. */
export interface DamagedEntry {
  readonly id: number;
  readonly reason: string;
}

export interface JournalTable {
  append(columns: ReadingColumns): number;
  /** Entries with `id > after`, oldest first; what is damaged is told and left out. */
  read(after: number, onDamage: (entry: DamagedEntry) => void): JournalEntry[];
  /** The next alone, whose columns are null where it is damaged; null where there is none. */
  readOne(after: number, onDamage: (entry: DamagedEntry) => void): MaybeEntry | null;
  /** The oldest id there is, or null. */
  oldest(): number | null;
  /** Deletes up to `id`, but no more than `limit` entries. Whether that was all of them. */
  deleteUpTo(id: number, limit: number): boolean;
}

export const JOURNAL_TABLE = 'CREATE TABLE journal (id INTEGER PRIMARY KEY AUTOINCREMENT, data BLOB NOT NULL) STRICT;';

export function createJournalTable(db: DatabaseSync, access: 'read' | 'write'): JournalTable {
  // As a double, whatever a damaged id has become: an integer beyond 2^53 would end the query.
  const select = db.prepare(
    'SELECT CAST(id AS REAL) AS id, data FROM journal WHERE id > ? ORDER BY journal.id LIMIT ?',
  );
  const selectOldest = db.prepare('SELECT CAST(min(id) AS REAL) AS oldest FROM journal');
  const insert = access === 'write' ? db.prepare('INSERT INTO journal (data) VALUES (?)') : null;
  // By how many there are and not by number: a damaged id may be far beyond the next.
  const remove =
    access === 'write'
      ? db.prepare('DELETE FROM journal WHERE id IN (SELECT id FROM journal WHERE id <= ? ORDER BY id LIMIT ?)')
      : null;

  return {
    append: (columns) => Number(insert?.run(encode(columns)).lastInsertRowid),
    read(after, onDamage) {
      const rows = select.iterate(after, -1) as unknown as Iterable<Row>;
      const entries: JournalEntry[] = [];
      for (const row of rows) {
        const { id, columns } = decodeRow(row, onDamage);
        if (columns) entries.push({ id, columns });
      }
      return entries;
    },
    readOne(after, onDamage) {
      const row = select.get(after, 1) as unknown as Row | undefined;
      return row ? decodeRow(row, onDamage) : null;
    },
    oldest: () => (selectOldest.get()?.oldest as number | null) ?? null,
    deleteUpTo: (id, limit) => Number(remove?.run(id, limit).changes) < limit,
  };
}

interface Row {
  readonly id: number;
  readonly data: unknown;
}

function decodeRow({ id, data }: Row, onDamage: (entry: DamagedEntry) => void): MaybeEntry {
  try {
    return { id, columns: decodeEntry(data) };
  } catch (error) {
    if (!(error instanceof DamageError)) throw error;
    onDamage({ id, reason: error.message });
    return { id, columns: null };
  }
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

/** The columns of an entry, or a DamageError. */
export function decodeEntry(data: unknown): ReadingColumns {
  if (!(data instanceof Uint8Array) || data.length < HEADER_BYTES) throw new DamageError('it has no header');
  // A copy where the database's own buffer does not begin on a multiple of 8.
  const bytes = data.byteOffset % 8 === 0 ? data : data.slice();
  const count = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const length = HEADER_BYTES + count * BYTES_PER_READING;
  if (length !== data.length) throw new DamageError(`it has ${data.length} bytes instead of ${length}`);
  const columns = viewsOf(bytes.buffer as ArrayBuffer, count, bytes.byteOffset);
  for (let i = 0; i < count; i++) {
    if (!isPossible(columns, i)) throw new DamageError(`reading ${i + 1} of ${count} cannot be one`);
  }
  return columns;
}

function isPossible({ series, ts, value, quality }: ReadingColumns, i: number): boolean {
  if (!isTs(ts[i]) || !((series[i] ?? 0) > 0)) return false;
  const code = quality[i] ?? QUALITY_CODES.length;
  return code === BAD ? Number.isNaN(value[i]) : code < QUALITY_CODES.length && Number.isFinite(value[i]);
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

/** What is left of a damaged file of SQLite, as a repair reads it: always of a copy, which may be changed for that. */
import { closeSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

/** Of all files of ours. */
const PAGE_BYTES = 4096;
const HEADER_BYTES = 100;
const MAGIC = 'SQLite format 3\0';
/** Parts of the header that no file has otherwise: payload fractions, and what is reserved. */
const FRACTIONS = '402020';
const [PAGE_SIZE_AT, FORMATS_AT, FRACTIONS_AT, COUNT_AT, FREE_AT, SCHEMA_FORMAT_AT, ENCODING_AT, RESERVED_AT] = [
  16, 18, 21, 28, 32, 44, 56, 72,
];

/** All pages that are there can be read, also where the header counts more of them: as it is, SQLite reads none then. */
export function openRemains(copy: string): DatabaseSync {
  const db = new DatabaseSync(copy);
  db.enableDefensive(false);
  db.exec('PRAGMA writable_schema = ON');
  return db;
}

/** Puts a plausible header in the place of one that is none. Says whether it did; its `user_version` is 0 then. */
export function mendHeader(copy: string): boolean {
  return inHeader(copy, (header, { handle, bytes }) => {
    if (bytes < PAGE_BYTES || isHeader(header)) return false;
    writeSync(handle, plausible(Math.floor(bytes / PAGE_BYTES)), 0, HEADER_BYTES, 0);
    return true;
  });
}

/** As many pages as the header counts, the missing ones empty and none of them free: a new table must not get one that an old one knows. */
export function fillUp(copy: string): void {
  inHeader(copy, (header, { handle, bytes }) => {
    const counted = header.readUInt32BE(COUNT_AT) * PAGE_BYTES;
    if (counted <= bytes) return;
    ftruncateSync(handle, counted);
    writeSync(handle, Buffer.alloc(8), 0, 8, FREE_AT);
  });
}

interface Opened {
  readonly handle: number;
  readonly bytes: number;
}

function inHeader<T>(copy: string, act: (header: Buffer, opened: Opened) => T): T {
  const handle = openSync(copy, 'r+');
  try {
    const header = Buffer.alloc(HEADER_BYTES);
    readSync(handle, header, 0, HEADER_BYTES, 0);
    return act(header, { handle, bytes: fstatSync(handle).size });
  } finally {
    closeSync(handle);
  }
}

function isHeader(header: Buffer): boolean {
  const pageSize = header.readUInt16BE(PAGE_SIZE_AT);
  const [write, read] = header.subarray(FORMATS_AT);
  return (
    header.toString('latin1', 0, MAGIC.length) === MAGIC &&
    (pageSize === 1 || (pageSize >= 512 && (pageSize & (pageSize - 1)) === 0)) &&
    [write, read].every((format) => format === 1 || format === 2) &&
    header.toString('hex', FRACTIONS_AT, FRACTIONS_AT + 3) === FRACTIONS &&
    header.readUInt32BE(SCHEMA_FORMAT_AT) <= 4 &&
    header.readUInt32BE(ENCODING_AT) <= 3 &&
    header.subarray(RESERVED_AT, RESERVED_AT + 20).every((byte) => byte === 0)
  );
}

/** With a log, in UTF-8, nothing free, and no map of pages, which only writing needs: what the tables say is in the pages. */
function plausible(pages: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.write(MAGIC, 'latin1');
  header.writeUInt16BE(PAGE_BYTES, PAGE_SIZE_AT);
  header.set([2, 2], FORMATS_AT);
  header.write(FRACTIONS, FRACTIONS_AT, 'hex');
  header.writeUInt32BE(pages, COUNT_AT);
  header.writeUInt32BE(4, SCHEMA_FORMAT_AT);
  header.writeUInt32BE(1, ENCODING_AT);
  // The change counter, and the change that the count of pages is of: the two agree.
  header.writeUInt32BE(1, 24);
  header.writeUInt32BE(1, 92);
  return header;
}

/** The outbox's tables, and how its file is opened. */
import { DatabaseSync } from 'node:sqlite';

const SCHEMA_VERSION = 1;
/** Beside the version: a file without them lacks only a count, and notes. */
const LATER_TABLES = `
  CREATE TABLE IF NOT EXISTS tally (name TEXT PRIMARY KEY, items INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS note (name TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT, WITHOUT ROWID;
`;
/** AUTOINCREMENT: an id stays unique when the outbox was empty in between, and the last dead letter's id is their count. */
const TABLES = `
  CREATE TABLE entry (id INTEGER PRIMARY KEY AUTOINCREMENT, items INTEGER NOT NULL, data BLOB NOT NULL) STRICT;
  CREATE TABLE dead_letter (id INTEGER PRIMARY KEY AUTOINCREMENT, reason TEXT NOT NULL, text TEXT NOT NULL) STRICT;
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

/** The name by which the composition root knows a file that cannot be used. */
export class OutboxError extends Error {
  override readonly name = 'StoreError';
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** In a new file ids begin after `afterId`. */
export function openDatabase(file: string, afterId: number): DatabaseSync {
  const db = new DatabaseSync(file);
  try {
    db.exec('PRAGMA busy_timeout = 5000; PRAGMA cache_size = -4000;');
    const version = db.prepare('PRAGMA user_version').get()?.user_version;
    if (version !== 0 && version !== SCHEMA_VERSION) {
      const message = `${file} has schema version ${version}; this program knows version ${SCHEMA_VERSION}`;
      throw new OutboxError('outbox-version', message);
    }
    // Before the first table: what a long outage took is given back afterwards.
    if (version === 0) db.exec('PRAGMA auto_vacuum = INCREMENTAL');
    // An acknowledgement means on disk: NORMAL would sync at checkpoints only (contract 2.5).
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 16777216;');
    if (version === 0) db.exec(`BEGIN; ${TABLES} INSERT INTO sqlite_sequence VALUES ('entry', ${afterId}); COMMIT;`);
    db.exec(LATER_TABLES);
  } catch (error) {
    db.close();
    throw error;
  }
  return db;
}

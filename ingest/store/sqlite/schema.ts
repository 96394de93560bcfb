/** The database of readings: its tables, its versions, and the way from an older one to this one. */
import { DatabaseSync } from 'node:sqlite';
import { migrateRows } from './migrate-rows.ts';

const SCHEMA_VERSION = 2;

/**
 * `journal`: one row a commit, columns of whatever came (`journal.ts`). `chunk`: readings of one series, compressed, that
 * do not overlap (`chunk-table.ts`); what is in both counts once. `series.horizon`: up to there readings are rolled up or gone.
 */
const TABLES = `
  CREATE TABLE IF NOT EXISTS series (
    id INTEGER PRIMARY KEY, device TEXT NOT NULL, metric TEXT NOT NULL, horizon INTEGER, UNIQUE (device, metric)
  ) STRICT;
  CREATE TABLE journal (id INTEGER PRIMARY KEY AUTOINCREMENT, data BLOB NOT NULL) STRICT;
  CREATE TABLE chunk (
    series INTEGER NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL, kind INTEGER NOT NULL,
    count INTEGER NOT NULL, good INTEGER NOT NULL, min REAL, max REAL, sum REAL, last REAL, end_quality INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (series, start)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX chunk_by_age ON chunk (kind, end);
`;

export function openDatabase({ file, readOnly }: { file: string; readOnly: boolean }): DatabaseSync {
  const db = new DatabaseSync(file, { readOnly });
  db.exec('PRAGMA busy_timeout = 5000; PRAGMA cache_size = -4000;');
  if (readOnly) return db;
  const version = db.prepare('PRAGMA user_version').get()?.user_version;
  // Before the first table: pages that the journal leaves are given back in small steps.
  if (version === 0) db.exec('PRAGMA auto_vacuum = INCREMENTAL');
  // A PUBACK means on disk: NORMAL would sync at checkpoints only (contract 2.5).
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 16777216;');
  if (version === 0) db.exec(`BEGIN; ${TABLES} PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT;`);
  else if (version === 1) migrate(db);
  else if (version !== SCHEMA_VERSION) {
    throw new Error(`${file} has schema version ${version}; this program knows version ${SCHEMA_VERSION}`);
  }
  return db;
}

/** All or nothing: a power cut on the way leaves version 1 as it was. */
function migrate(db: DatabaseSync): void {
  db.exec('BEGIN IMMEDIATE');
  try {
    db.exec(`ALTER TABLE series ADD COLUMN horizon INTEGER; ${TABLES}`);
    migrateRows(db);
    db.exec(`PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT;`);
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
  // Gives back what the rows took; where there is no room for that, the pages are used again instead.
  try {
    db.exec('PRAGMA auto_vacuum = INCREMENTAL; VACUUM;');
  } catch (error) {
    if ((error as { errcode?: number }).errcode !== 13) throw error;
  }
}

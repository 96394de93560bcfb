/** The database of readings: its tables, its versions, and the way from an older one to this one. */

import { DatabaseSync } from 'node:sqlite';
import { repairCommand } from '../../../link/repair-command.ts';
import { fillUp, openRemains } from '../../../link/sqlite-remains.ts';
import { DamageError, isDamage } from './damage.ts';
import { JOURNAL_TABLE } from './journal.ts';
import { migrateRows } from './migrate-rows.ts';
import { sealAllSeries } from './series-table.ts';
import { DAMAGED_TABLE } from './set-aside.ts';

const SCHEMA_VERSION = 3;

/**
 * `journal`: one row a commit, columns of whatever came (`journal.ts`). `chunk`: readings of one series, compressed, that
 * do not overlap (`chunk-table.ts`); what is in both counts once. `series.horizon`: up to there readings are rolled up or gone.
 * `sealing`: how far `sealer.ts` has got with the chunks of version 2, which have no checksums; no row: all have theirs.
 */
const CHUNK_TABLES = `
  ${JOURNAL_TABLE}
  CREATE TABLE chunk (
    series INTEGER NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL, kind INTEGER NOT NULL,
    count INTEGER NOT NULL, good INTEGER NOT NULL, min REAL, max REAL, sum REAL, last REAL, seal INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (series, start)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX chunk_by_age ON chunk (kind, end);
`;
const CHECK_TABLES = `
  CREATE TABLE sealing (series INTEGER NOT NULL, start INTEGER NOT NULL) STRICT;
  ${DAMAGED_TABLE}
`;
const TABLES = `
  CREATE TABLE series (
    id INTEGER PRIMARY KEY, device TEXT NOT NULL, metric TEXT NOT NULL, horizon INTEGER, seal INTEGER,
    UNIQUE (device, metric)
  ) STRICT;
  ${CHUNK_TABLES} ${CHECK_TABLES}
`;

const ADD_CHECKS = `
  ALTER TABLE series ADD COLUMN seal INTEGER;
  ALTER TABLE chunk RENAME COLUMN end_quality TO seal;
  ${CHECK_TABLES}
  INSERT INTO sealing VALUES (0, 0);
`;

/** Opens it, and brings it up to date where it is to be written. An error names the file, and what to do. */
export function openDatabase({ file, readOnly }: { file: string; readOnly: boolean }): DatabaseSync {
  let db: DatabaseSync | null = null;
  try {
    db = new DatabaseSync(file, { readOnly });
    db.exec('PRAGMA busy_timeout = 5000; PRAGMA cache_size = -4000;');
    if (!readOnly) prepare(db);
    return db;
  } catch (error) {
    db?.close();
    const inWords = `${file}: ${(error as Error).message}`;
    if (isDamage(error)) throw new DamageError(`${inWords}${remedy(file)}`, { cause: error });
    throw new Error(inWords, { cause: error });
  }
}

/** What ends a sentence about a file that cannot be used. */
const remedy = (file: string): string => `; put a backup back, or save what can be read: ${repairCommand(file)}`;

function prepare(db: DatabaseSync): void {
  const version = db.prepare('PRAGMA user_version').get()?.user_version;
  // Before the first table: pages that the journal leaves are given back in small steps.
  if (version === 0) db.exec('PRAGMA auto_vacuum = INCREMENTAL');
  // A PUBACK means on disk: NORMAL would sync at checkpoints only (contract 2.5).
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 16777216;');
  if (version === 0) db.exec(`BEGIN; ${TABLES} PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT;`);
  else if (version === 1) fromVersion1(db);
  else if (version === 2) migrate(db, () => addChecks(db));
  else if (version !== SCHEMA_VERSION) {
    throw new Error(`it has schema version ${version}; this program knows version ${SCHEMA_VERSION}`);
  }
}

/**
 * A copy that may be damaged, with the columns of this version; what is there already has no checksums then. `isMended`: its
 * header is not its own, and says no version.
 */
export function openForRepair({ copy, isMended }: { copy: string; isMended: boolean }): DatabaseSync {
  let db = openRemains(copy);
  try {
    if (isMended) db.exec(`PRAGMA user_version = ${versionByTables(db)}`);
    const version = db.prepare('PRAGMA user_version').get()?.user_version;
    const isStore = hasTable(db, 'chunk') || hasTable(db, 'reading');
    if (version === SCHEMA_VERSION && isStore) return db;
    db.close();
    fillUp(copy);
    if (version !== 2 || !isStore) return openDatabase({ file: copy, readOnly: false });
    db = openRemains(copy);
    db.exec(ADD_CHECKS);
    return db;
  } catch (error) {
    if (db.isOpen) db.close();
    throw new Error(`${copy}: ${(error as Error).message}`, { cause: (error as Error).cause ?? error });
  }
}

const hasTable = (db: DatabaseSync, name: string): boolean =>
  db.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?').get(name) !== undefined;

/** What each version has that the one before has not. */
function versionByTables(db: DatabaseSync): number {
  if (hasTable(db, 'sealing')) return SCHEMA_VERSION;
  if (hasTable(db, 'chunk')) return 2;
  if (hasTable(db, 'reading')) return 1;
  throw new DamageError('it has neither a header nor tables');
}

/** All or nothing: a power cut on the way leaves the version before as it was. */
function migrate(db: DatabaseSync, steps: () => void): void {
  db.exec('BEGIN IMMEDIATE');
  try {
    steps();
    db.exec(`PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT;`);
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

function fromVersion1(db: DatabaseSync): void {
  migrate(db, () => {
    db.exec(`ALTER TABLE series ADD COLUMN horizon INTEGER; ALTER TABLE series ADD COLUMN seal INTEGER;`);
    db.exec(CHUNK_TABLES + CHECK_TABLES);
    sealAllSeries(db);
    migrateRows(db);
  });
  // Gives back what the rows took; where there is no room for that, the pages are used again instead.
  try {
    db.exec('PRAGMA auto_vacuum = INCREMENTAL; VACUUM;');
  } catch (error) {
    if ((error as { errcode?: number }).errcode !== 13) throw error;
  }
}

/** Touches no chunk, however large the file: a seal is where the code of the quality was, and comes behind (`sealer.ts`). */
function addChecks(db: DatabaseSync): void {
  db.exec(ADD_CHECKS);
  sealAllSeries(db);
}

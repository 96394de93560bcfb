/** The tables of `alarms.db`, by version, and the way from each to the next. */
import type { DatabaseSync } from 'node:sqlite';
import { inTransaction } from '../store/sqlite/transaction.ts';
import { COLUMNS, checksumOf, TABLES as SEALED, type Table } from './journal-rows.ts';

const TABLES = `
  CREATE TABLE alarm (
    id TEXT PRIMARY KEY, raised_at INTEGER NOT NULL, is_active INTEGER NOT NULL, body TEXT NOT NULL
  ) STRICT;
  CREATE INDEX alarm_raised_at ON alarm (raised_at);
`;

/** `is_open`: to be at hand after a restart. */
const JOURNAL = `
  ALTER TABLE alarm ADD COLUMN is_open INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE alarm ADD COLUMN cleared_at INTEGER;
  CREATE INDEX alarm_open ON alarm (id) WHERE is_open = 1;
  CREATE INDEX alarm_cleared_at ON alarm (cleared_at);
  CREATE TABLE event (
    seq INTEGER PRIMARY KEY, alarm TEXT NOT NULL, seen_at INTEGER NOT NULL, kind TEXT NOT NULL, told TEXT, body TEXT NOT NULL
  ) STRICT;
  CREATE INDEX event_alarm ON event (alarm, seq);
  CREATE INDEX event_seen_at ON event (seen_at);
  CREATE TRIGGER event_stays BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'the journal is never changed'); END;
  CREATE TABLE work (id TEXT PRIMARY KEY, until INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
  CREATE TABLE detector_memory (name TEXT PRIMARY KEY, saved_at INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
`;

/** An alarm of before counts as asked when it came into its state. */
const REMINDERS = `
  UPDATE alarm SET body = json_set(body, '$.askedAt', CASE WHEN body ->> 'isAnnounced' THEN body ->> 'stateSince' END)
    WHERE json_valid(body);
`;

/** A checksum for each row that is served as truth, and a place for those that are damaged, without any condition on them. */
const CHECKSUMS = `
  ALTER TABLE alarm ADD COLUMN checksum INTEGER;
  ALTER TABLE event ADD COLUMN checksum INTEGER;
  ALTER TABLE work ADD COLUMN checksum INTEGER;
  ALTER TABLE detector_memory ADD COLUMN checksum INTEGER;
  CREATE TABLE damaged_alarm (found_at, id, raised_at, is_active, is_open, cleared_at, body, checksum);
  CREATE TABLE damaged_event (found_at, seq, alarm, seen_at, kind, told, body, checksum);
  CREATE TABLE damaged_work (found_at, id, until, body, checksum);
  CREATE TABLE damaged_detector_memory (found_at, name, saved_at, body, checksum);
`;
const EVENT_STAYS = `
  CREATE TRIGGER event_stays BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'the journal is never changed'); END;
`;

/** From each version to the next. */
const STEPS: readonly ((db: DatabaseSync) => void)[] = [toJournal, (db) => db.exec(REMINDERS), toChecksums];
const VERSION = STEPS.length;

export const CHECKSUMS_SINCE = 3;

export function versionOf(db: DatabaseSync): number {
  return Number(db.prepare('PRAGMA user_version').get()?.user_version);
}

/** Of a file whose header is lost: what each version has that the one before has not. The first two have the same tables. */
export function versionByTables(db: DatabaseSync): number {
  const has = (name: string): boolean =>
    db.prepare('SELECT 1 FROM sqlite_master WHERE name = ?').get(name) !== undefined;
  if (has('damaged_alarm')) return CHECKSUMS_SINCE;
  return has('event') ? CHECKSUMS_SINCE - 1 : 0;
}

/** Brings the file to this version's form in one transaction, or leaves it as it was. */
export function prepareSchema(db: DatabaseSync): void {
  const version = versionOf(db);
  if (version > VERSION) throw new StoreError(`alarms.db has version ${version}; this program knows ${VERSION}`);
  if (version === VERSION) return;
  inTransaction(db, () => {
    for (const step of STEPS.slice(version)) step(db);
    db.exec(`PRAGMA user_version = ${VERSION}`);
  });
}

function toJournal(db: DatabaseSync): void {
  const isNew = db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'alarm'").get() === undefined;
  if (isNew) db.exec(TABLES);
  db.exec(JOURNAL);
  completeBodies(db);
}

/** What was written before there were checksums gets them as it stands: of its damage only the impossible is found, when it is read. */
function toChecksums(db: DatabaseSync): void {
  db.exec(CHECKSUMS);
  // Values as they are read elsewhere, too: an integer beyond what a number can tell is no reason to stop.
  db.function('seal', { varargs: true, useBigIntArguments: true }, (table, ...values) => {
    const columns = [...COLUMNS[table as Table], 'body'];
    return checksumOf(table as Table, Object.fromEntries(columns.map((column, i) => [column, values[i]])));
  });
  db.exec('DROP TRIGGER event_stays');
  for (const table of SEALED) {
    db.exec(`UPDATE ${table} SET checksum = seal('${table}', ${COLUMNS[table].join(', ')}, body)`);
  }
  db.exec(EVENT_STAYS);
}

/** What the first version did not know of an alarm. */
const FIRST = {
  latches: false,
  settleS: 0,
  values: {},
  isHistorical: false,
  repeatCount: 0,
  isAnnounced: true,
  childCount: 0,
  shelved: null,
  outOfService: null,
  suppressedBy: [],
  heldUntil: null,
};

function completeBodies(db: DatabaseSync): void {
  const put = db.prepare('UPDATE alarm SET body = ?, is_open = ?, cleared_at = ? WHERE id = ?');
  const note = db.prepare('INSERT INTO event (alarm, seen_at, kind, told, body) VALUES (?, ?, ?, ?, ?)');
  for (const { body } of db.prepare('SELECT body FROM alarm WHERE json_valid(body) ORDER BY raised_at').all()) {
    const old = JSON.parse(body as string);
    const { id, state, raisedAt, returnedAt } = old;
    const since = { clearedAt: returnedAt, stateSince: returnedAt ?? raisedAt };
    const detector = old.device === null ? 'server' : 'limit';
    put.run(JSON.stringify({ ...FIRST, detector, ...since, ...old }), state === 'normal' ? 0 : 1, returnedAt, id);
    const plain = { by: null, note: null, until: null, suppressors: [] };
    note.run(id, raisedAt, 'raise', 'raised', JSON.stringify({ at: raisedAt, state: 'unacknowledged', ...plain }));
    if (returnedAt !== null)
      note.run(id, returnedAt, 'return', 'cleared', JSON.stringify({ at: returnedAt, state, ...plain }));
  }
}

/** As the reading store's: the data cannot be used, and nothing is mended behind the operator's back. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
}

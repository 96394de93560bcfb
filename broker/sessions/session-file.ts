/** `broker.db`: retained messages, sessions and what they have not been given yet. */
import { DatabaseSync } from 'node:sqlite';
import { createBackgroundSync } from '../../link/background-sync.ts';
import type { QueuedRow, RetainedRow, Row, SessionRow } from './rows.ts';

const SCHEMA_VERSION = 1;
const SCHEMA = `
  CREATE TABLE retained (topic TEXT PRIMARY KEY, qos INTEGER NOT NULL, payload BLOB NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE session (
    client TEXT PRIMARY KEY, seen_ms INTEGER NOT NULL, subscriptions TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE queued (
    seq INTEGER PRIMARY KEY, client TEXT NOT NULL, at_ms INTEGER NOT NULL, message_id INTEGER, released INTEGER NOT NULL,
    topic TEXT NOT NULL, qos INTEGER NOT NULL, payload BLOB NOT NULL
  ) STRICT;
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

/** A PUBREL waits for its PUBCOMP in the place of the message. */
export interface StoredMessage {
  readonly seq: number;
  readonly client: string;
  readonly at_ms: number;
  readonly message_id: number | null;
  readonly released: number;
  readonly topic: string;
  readonly qos: 0 | 1 | 2;
  readonly payload: Uint8Array;
}

export interface StoredSession {
  readonly client: string;
  readonly seen_ms: number;
  /** JSON: `[[filter, qos], …]`. */
  readonly subscriptions: string;
}

export type StoredRetained = Pick<StoredMessage, 'topic' | 'qos' | 'payload'>;

export interface SessionFile {
  readonly db: DatabaseSync;
  retained(): Iterable<StoredRetained>;
  sessions(): Iterable<StoredSession>;
  /** In the order of their coming. */
  queued(): Iterable<StoredMessage>;
  /** All of them or none. */
  write(rows: readonly Row[]): void;
  close(): Promise<void>;
  /** Lets go at once of a file that is damaged. */
  abandon(): void;
}

/** What is written in such a time shares a sync. */
const SYNC_AFTER_MS = 5_000;

/** The name by which the composition root knows a file that cannot be used. */
class StoreError extends Error {
  override readonly name = 'StoreError';
}

export function openSessionFile(file: string): SessionFile {
  const db = new DatabaseSync(file);
  try {
    prepareSchema(db, file);
  } catch (error) {
    db.close();
    throw error;
  }
  const sync = file !== ':memory:' ? createBackgroundSync({ db, file }) : null;
  const saveRow = createSaveRow(db);
  const all = <T>(sql: string): Iterable<T> => db.prepare(sql).iterate() as unknown as Iterable<T>;
  return {
    db,
    retained: () => all('SELECT topic, qos, payload FROM retained'),
    sessions: () => all('SELECT client, seen_ms, subscriptions FROM session ORDER BY seen_ms'),
    queued: () => all('SELECT * FROM queued ORDER BY seq'),
    write(rows) {
      db.exec('BEGIN IMMEDIATE');
      try {
        for (const row of rows) saveRow(row);
        db.exec('COMMIT');
        sync?.note(SYNC_AFTER_MS);
      } catch (error) {
        if (db.isTransaction) db.exec('ROLLBACK');
        throw error;
      }
    },
    async close() {
      if (sync) await sync.close();
      else db.close();
    },
    abandon() {
      if (sync) sync.abandon();
      else db.close();
    },
  };
}

function prepareSchema(db: DatabaseSync, file: string): void {
  // Nobody else writes here, and to wait for a lock would stop the event loop: what fails is tried again.
  db.exec('PRAGMA cache_size = -1000; PRAGMA busy_timeout = 0;');
  // Survives a kill at once; after a power cut it is whole, and may lack the last seconds (`background-sync.ts`). Readings have
  // their own store.
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
  const version = db.prepare('PRAGMA user_version').get()?.user_version;
  if (version === 0) db.exec(`BEGIN; ${SCHEMA} COMMIT;`);
  else if (version !== SCHEMA_VERSION) {
    throw new StoreError(`${file} has schema version ${version}; this program knows version ${SCHEMA_VERSION}`);
  }
}

function createSaveRow(db: DatabaseSync): (row: Row) => void {
  const putRetained = db.prepare('INSERT OR REPLACE INTO retained (topic, qos, payload) VALUES (?, ?, ?)');
  const dropRetained = db.prepare('DELETE FROM retained WHERE topic = ?');
  const putSession = db.prepare('INSERT OR REPLACE INTO session (client, seen_ms, subscriptions) VALUES (?, ?, ?)');
  const dropSession = db.prepare('DELETE FROM session WHERE client = ?');
  const putQueued = db.prepare('INSERT OR REPLACE INTO queued VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
  const dropQueued = db.prepare('DELETE FROM queued WHERE seq = ?');

  function saveRetained({ isGone, topic, packet }: RetainedRow): void {
    if (isGone) dropRetained.run(topic);
    else putRetained.run(topic, packet.qos, packet.payload);
  }

  function saveSession({ isGone, clientId, seenMs, grants }: SessionRow): void {
    if (isGone) dropSession.run(clientId);
    else putSession.run(clientId, seenMs, JSON.stringify(Array.from(grants, ([filter, { qos }]) => [filter, qos])));
  }

  function saveQueued({ seq, clientId, atMs, packet }: QueuedRow): void {
    if (packet === null) {
      dropQueued.run(seq);
      return;
    }
    const { cmd, messageId = null, topic = '', qos = 0, payload = '' } = packet;
    putQueued.run(seq, clientId, atMs, messageId, cmd === 'pubrel' ? 1 : 0, topic, qos, Buffer.from(payload));
  }

  return (row) => {
    if (row.table === 'queued') saveQueued(row);
    else if (row.table === 'session') saveSession(row);
    else saveRetained(row);
  };
}

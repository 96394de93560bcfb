/** People, their passwords and their sessions, in `people.db`. Read for each question: the command line writes there too. */
import { createHash, randomBytes } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { createBackgroundSync } from '../../link/background-sync.ts';
import type { Person, SignIn } from '../../model/person.ts';
import { inTransaction } from '../store/sqlite/transaction.ts';
import type { Place } from './known-devices.ts';
import { type KeptPassword, keepPassword } from './password.ts';
import { createSignIn, REAL_TIMING, type Timing } from './sign-in.ts';

export interface People {
  /** In the order of their turn, then by name. */
  list(): readonly Person[];
  get(name: string): Person | undefined;
  /** Whether anybody has a password. */
  canAnybodySignIn(): boolean;
  /** Adds or replaces. A new password ends the sessions that stand. */
  put(person: Person, password: string | null): Promise<void>;
  /** Whether there was one. */
  remove(name: string): boolean;
  signIn(name: string, password: string, from: Place): Promise<SignIn>;
  /** Who holds a token; a session that is used goes on. */
  ofSession(token: string): Person | undefined;
  signOut(token: string): void;
  /** At once where it syncs at once. */
  close(): void | Promise<void>;
}

export interface OpenPeople extends People {
  /** Lets go at once of a file that is damaged, or in whose place another lies. */
  abandon(): void;
}

const SESSION_MS = 30 * 86_400_000;
/** A session's end is moved on once a day, not with every look. */
const RENEW_MS = 86_400_000;
const VERSION = 1;

const TABLES = `
  CREATE TABLE person (name TEXT PRIMARY KEY, body TEXT NOT NULL, salt BLOB, hash BLOB, cost INTEGER) STRICT;
  CREATE TABLE session (
    hash BLOB PRIMARY KEY, name TEXT NOT NULL REFERENCES person (name) ON DELETE CASCADE, until INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX session_name ON session (name);
`;
/**
 * Beside the version: a count of all changes of people, whoever makes them. By it a file that has lost its last commits is
 * told from a whole one (ADR 0024).
 */
const TALLY = `
  CREATE TABLE IF NOT EXISTS tally (changes INTEGER NOT NULL) STRICT;
  INSERT INTO tally SELECT count(*) FROM person WHERE NOT EXISTS (SELECT 1 FROM tally);
  CREATE TRIGGER IF NOT EXISTS person_added AFTER INSERT ON person BEGIN UPDATE tally SET changes = changes + 1; END;
  CREATE TRIGGER IF NOT EXISTS person_changed AFTER UPDATE ON person BEGIN UPDATE tally SET changes = changes + 1; END;
  CREATE TRIGGER IF NOT EXISTS person_gone AFTER DELETE ON person BEGIN UPDATE tally SET changes = changes + 1; END;
`;

export interface PeopleOptions {
  /**
   * `behind`: the server, which must not wait for a disk that hangs. A command has nothing else to do and ends with what it did
   * on the disk.
   */
  readonly syncs?: 'at-once' | 'behind';
  /** For tests. */
  readonly timing?: Timing;
}

/** Throws where the file is of a newer version, or no database. */
export function openPeople(
  file: string,
  now: () => number,
  { syncs = 'at-once', timing = REAL_TIMING }: PeopleOptions = {},
): OpenPeople {
  const db = new DatabaseSync(file, { timeout: 5_000 });
  try {
    prepare(db);
  } catch (error) {
    db.close();
    throw error;
  }
  const sync = syncs === 'behind' ? createBackgroundSync({ db, file }) : null;
  const statements = prepareStatements(db);
  const gate = createSignIn(timing);

  function get(name: string): Person | undefined {
    const row = statements.get.get(name);
    return row && (JSON.parse(String(row.body)) as Person);
  }

  return {
    get,
    canAnybodySignIn: () => statements.anyPassword.get() !== undefined,
    list: () =>
      statements.all
        .all()
        .map(({ body }) => JSON.parse(String(body)) as Person)
        .sort(
          (a, b) =>
            (a.turn ?? Number.POSITIVE_INFINITY) - (b.turn ?? Number.POSITIVE_INFINITY) || (a.name < b.name ? -1 : 1),
        ),
    async put(person, password) {
      const kept = password === null ? null : await keepPassword(password);
      inTransaction(db, () => {
        statements.put.run(person.name, JSON.stringify(person));
        if (!kept) return;
        statements.setPassword.run(kept.salt, kept.hash, kept.cost, person.name);
        statements.endSessionsOf.run(person.name);
      });
      settle(db);
    },
    remove(name) {
      const isGone = statements.remove.run(name).changes > 0;
      settle(db);
      return isGone;
    },
    async signIn(name, password, from) {
      const outcome = await gate.try({ name, password, from, kept: passwordOf(statements.password.get(name)) });
      if (outcome.kind !== 'right') return outcome;
      const person = get(name);
      // Removed while the password was tried.
      if (!person) return { kind: 'refused' };
      statements.forget.run(now());
      const token = randomBytes(32).toString('base64url');
      statements.addSession.run(hashOf(token), name, now() + SESSION_MS);
      sync?.note();
      return { kind: 'signed-in', token, device: outcome.device, person };
    },
    ofSession(token) {
      const row = statements.session.get(hashOf(token));
      if (!row || Number(row.until) <= now()) return undefined;
      if (Number(row.until) < now() + SESSION_MS - RENEW_MS) {
        statements.renew.run(now() + SESSION_MS, hashOf(token));
        sync?.note();
      }
      return get(String(row.name));
    },
    signOut(token) {
      statements.endSession.run(hashOf(token));
      sync?.note();
    },
    close() {
      gate.close();
      return sync ? sync.close() : db.close();
    },
    abandon() {
      gate.close();
      if (sync) sync.abandon();
      else db.close();
    },
  };
}

function prepare(db: DatabaseSync): void {
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;');
  const version = Number(db.prepare('PRAGMA user_version').get()?.user_version);
  if (version > VERSION) throw new StoreError(`people.db has version ${version}; this program knows ${VERSION}`);
  const isNew = version < VERSION;
  const hasTally = db.prepare(`SELECT 1 FROM sqlite_master WHERE name = 'person_gone'`).get() !== undefined;
  if (!isNew && hasTally) return;
  inTransaction(db, () => db.exec(`${isNew ? TABLES : ''} ${TALLY} PRAGMA user_version = ${VERSION};`));
  settle(db);
}

/** People change seldom: what is in the file itself cannot be lost with its log. */
function settle(db: DatabaseSync): void {
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
}

/** The name by which the start-up says it in a sentence. */
class StoreError extends Error {
  override readonly name = 'StoreError';
}

function prepareStatements(db: DatabaseSync) {
  return {
    get: db.prepare('SELECT body FROM person WHERE name = ?'),
    all: db.prepare('SELECT body FROM person'),
    put: db.prepare(
      'INSERT INTO person (name, body) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET body = excluded.body',
    ),
    remove: db.prepare('DELETE FROM person WHERE name = ?'),
    password: db.prepare('SELECT salt, hash, cost FROM person WHERE name = ? AND hash IS NOT NULL'),
    anyPassword: db.prepare('SELECT 1 FROM person WHERE hash IS NOT NULL LIMIT 1'),
    setPassword: db.prepare('UPDATE person SET salt = ?, hash = ?, cost = ? WHERE name = ?'),
    session: db.prepare('SELECT name, until FROM session WHERE hash = ?'),
    addSession: db.prepare('INSERT INTO session (hash, name, until) VALUES (?, ?, ?)'),
    renew: db.prepare('UPDATE session SET until = ? WHERE hash = ?'),
    endSession: db.prepare('DELETE FROM session WHERE hash = ?'),
    endSessionsOf: db.prepare('DELETE FROM session WHERE name = ?'),
    forget: db.prepare('DELETE FROM session WHERE until <= ?'),
  };
}

function passwordOf(row: Record<string, unknown> | undefined): KeptPassword | null {
  if (!row) return null;
  return { salt: row.salt as Uint8Array, hash: row.hash as Uint8Array, cost: Number(row.cost) };
}

/** Who reads the file cannot use what is in it. */
function hashOf(token: string): Uint8Array {
  return createHash('sha256').update(token).digest();
}

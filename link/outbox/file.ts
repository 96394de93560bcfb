/** The outbox's database: what has been taken and is not yet where it belongs, in the order it came. Synchronous; see `outbox.ts`. */
import { DatabaseSync } from 'node:sqlite';

export interface OutboxOptions {
  readonly file: string;
  /** The most data to hold. */
  readonly maxBytes: number;
  /** What is done with more: it is refused (the default), or the oldest makes room for it and is counted. */
  readonly whenFull?: 'refuse' | 'drop-oldest';
}

export interface OutboxEntry {
  /** Rises from entry to entry, and is never given twice. */
  readonly id: number;
  /** What it counts as: one message, or all readings of a group. */
  readonly items: number;
  readonly data: Uint8Array;
}

/** Something that the receiver refused for good. */
export interface DeadLetter {
  readonly reason: string;
  readonly text: string;
}

/** Entries next to `id`, not including it, up to these limits; one at least, where there is one. */
export interface Peek {
  readonly id: number;
  readonly maxItems: number;
  readonly maxBytes: number;
}

export interface OutboxCounts {
  readonly entries: number;
  readonly items: number;
  readonly bytes: number;
  /** Ever refused; of them the newest are kept. */
  readonly deadLetters: number;
  /** Items ever dropped, to make room or for their age. */
  readonly dropped: number;
}

export interface OutboxFile {
  /** Its id, once it is synced. */
  append(data: Uint8Array, items: number): number;
  /** Later entries, oldest first. */
  peekAfter(peek: Peek): OutboxEntry[];
  /** Earlier entries, newest first. */
  peekBefore(peek: Peek): OutboxEntry[];
  /** Forgets all up to that id and keeps what was refused of it, in one commit. */
  remove(upTo: number, refused: readonly DeadLetter[]): void;
  /** The same of these alone, in whatever order they arrived. */
  removeEach(ids: readonly number[], refused: readonly DeadLetter[]): void;
  /** Forgets all up to that id, which never arrived, and counts them as dropped. */
  drop(upTo: number): void;
  /** The newest. */
  deadLetters(limit: number): DeadLetter[];
  counts(): OutboxCounts;
  close(): void;
}

const SCHEMA_VERSION = 1;
/** Beside the version: a file without it lacks only a count. */
const TALLY = 'CREATE TABLE IF NOT EXISTS tally (name TEXT PRIMARY KEY, items INTEGER NOT NULL) STRICT, WITHOUT ROWID;';
/** AUTOINCREMENT: an id stays unique when the outbox was empty in between, and the last dead letter's id is their count. */
const TABLES = `
  CREATE TABLE entry (id INTEGER PRIMARY KEY AUTOINCREMENT, items INTEGER NOT NULL, data BLOB NOT NULL) STRICT;
  CREATE TABLE dead_letter (id INTEGER PRIMARY KEY AUTOINCREMENT, reason TEXT NOT NULL, text TEXT NOT NULL) STRICT;
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

export const MAX_DEAD_LETTERS = 10_000;
/** Of an entry beside its data, in the file. */
const ENTRY_BYTES = 12;
/** What a long outage leaves free is given back to the disk in steps of a few milliseconds. */
const [VACUUM_FROM_PAGES, VACUUM_STEP_PAGES] = [4_096, 512];

/** The name by which the composition root knows a file that cannot be used. */
class OutboxError extends Error {
  override readonly name = 'StoreError';
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export function openOutboxFile({ file, maxBytes, whenFull = 'refuse' }: OutboxOptions): OutboxFile {
  const db = openDatabase(file);
  const statements = prepareStatements(db);
  const deadLetters = (statements.lastDeadLetter.get()?.seq as number | undefined) ?? 0;
  const dropped = (statements.dropped.get()?.items as number | undefined) ?? 0;
  let counts: OutboxCounts = { ...sum(statements, Number.MAX_SAFE_INTEGER), deadLetters, dropped };

  function count(more: Partial<OutboxCounts>): void {
    counts = {
      entries: counts.entries + (more.entries ?? 0),
      items: counts.items + (more.items ?? 0),
      bytes: counts.bytes + (more.bytes ?? 0),
      deadLetters: counts.deadLetters + (more.deadLetters ?? 0),
      dropped: counts.dropped + (more.dropped ?? 0),
    };
  }

  function inTransaction(work: () => void): void {
    db.exec('BEGIN IMMEDIATE');
    try {
      work();
      db.exec('COMMIT');
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK');
      throw error;
    }
  }

  function bury(refused: readonly DeadLetter[]): void {
    for (const { reason, text } of refused) statements.bury.run(reason, text);
    if (refused.length > 0) statements.forget.run(MAX_DEAD_LETTERS);
  }

  function drop(upTo: number): void {
    const gone = sum(statements, upTo);
    inTransaction(() => {
      statements.remove.run(upTo);
      statements.tally.run(gone.items);
    });
    count({ ...minus(gone), dropped: gone.items });
  }

  function makeRoom(bytes: number): void {
    const tooMany = counts.bytes + bytes - maxBytes;
    if (tooMany <= 0) return;
    if (whenFull === 'refuse' || bytes > maxBytes) {
      throw new OutboxError('outbox-full', `the outbox is full: ${counts.bytes} of ${maxBytes} bytes`);
    }
    let freed = 0;
    let upTo = 0;
    for (const { id, bytes: size } of statements.sizes.iterate()) {
      upTo = id as number;
      freed += size as number;
      if (freed >= tooMany) break;
    }
    drop(upTo);
  }

  function giveBack(): void {
    if ((statements.freePages.get()?.freelist_count as number) > VACUUM_FROM_PAGES) {
      db.exec(`PRAGMA incremental_vacuum(${VACUUM_STEP_PAGES})`);
    }
  }

  return {
    append(data, items) {
      const bytes = data.length + ENTRY_BYTES;
      makeRoom(bytes);
      const id = Number(statements.insert.run(items, data).lastInsertRowid);
      count({ entries: 1, items, bytes });
      return id;
    },
    peekAfter: (peek) => take(statements.after.iterate(peek.id), peek),
    peekBefore: (peek) => take(statements.before.iterate(peek.id), peek),
    remove(upTo, refused) {
      const removed = sum(statements, upTo);
      inTransaction(() => {
        bury(refused);
        statements.remove.run(upTo);
      });
      count({ ...minus(removed), deadLetters: refused.length });
      giveBack();
    },
    removeEach(ids, refused) {
      let removed = { entries: 0, items: 0, bytes: 0 };
      inTransaction(() => {
        bury(refused);
        for (const id of ids) removed = plus(removed, statements.removeOne.get(id) as Partial<Sums> | undefined);
      });
      count({ ...minus(removed), deadLetters: refused.length });
      giveBack();
    },
    drop(upTo) {
      drop(upTo);
      giveBack();
    },
    deadLetters: (limit) =>
      statements.deadLetters.all(limit).map(({ reason, text }) => ({ reason: String(reason), text: String(text) })),
    counts: () => counts,
    close: () => db.close(),
  };
}

type Statements = ReturnType<typeof prepareStatements>;

function prepareStatements(db: DatabaseSync) {
  return {
    insert: db.prepare('INSERT INTO entry (items, data) VALUES (?, ?)'),
    after: db.prepare('SELECT id, items, data FROM entry WHERE id > ? ORDER BY id'),
    before: db.prepare('SELECT id, items, data FROM entry WHERE id < ? ORDER BY id DESC'),
    sizes: db.prepare(`SELECT id, length(data) + ${ENTRY_BYTES} AS bytes FROM entry ORDER BY id`),
    remove: db.prepare('DELETE FROM entry WHERE id <= ?'),
    removeOne: db.prepare(
      `DELETE FROM entry WHERE id = ? RETURNING 1 AS entries, items, length(data) + ${ENTRY_BYTES} AS bytes`,
    ),
    dropped: db.prepare("SELECT items FROM tally WHERE name = 'dropped'"),
    tally: db.prepare(
      "INSERT INTO tally VALUES ('dropped', ?) ON CONFLICT (name) DO UPDATE SET items = items + excluded.items",
    ),
    bury: db.prepare('INSERT INTO dead_letter (reason, text) VALUES (?, ?)'),
    forget: db.prepare('DELETE FROM dead_letter WHERE id <= (SELECT max(id) FROM dead_letter) - ?'),
    deadLetters: db.prepare('SELECT reason, text FROM dead_letter ORDER BY id DESC LIMIT ?'),
    lastDeadLetter: db.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'dead_letter'"),
    sums: db.prepare(
      `SELECT count(*) AS entries, coalesce(sum(items), 0) AS items, coalesce(sum(length(data) + ${ENTRY_BYTES}), 0) AS bytes
       FROM entry WHERE id <= ?`,
    ),
    freePages: db.prepare('PRAGMA freelist_count'),
  };
}

type Sums = Pick<OutboxCounts, 'entries' | 'items' | 'bytes'>;

/** Of the entries up to that id. */
function sum({ sums }: Statements, upTo: number): Sums {
  const { entries, items, bytes } = sums.get(upTo) as unknown as Sums;
  return { entries, items, bytes };
}

function plus(sums: Sums, { entries = 0, items = 0, bytes = 0 }: Partial<Sums> = {}): Sums {
  return { entries: sums.entries + entries, items: sums.items + items, bytes: sums.bytes + bytes };
}

function minus({ entries, items, bytes }: Sums): Sums {
  return { entries: -entries, items: -items, bytes: -bytes };
}

function take(rows: Iterable<Record<string, unknown>>, { maxItems, maxBytes }: Peek): OutboxEntry[] {
  const entries: OutboxEntry[] = [];
  let items = 0;
  let bytes = 0;
  for (const row of rows) {
    const entry = row as unknown as OutboxEntry;
    items += entry.items;
    bytes += entry.data.length;
    if (entries.length > 0 && (items > maxItems || bytes > maxBytes)) break;
    entries.push(entry);
  }
  return entries;
}

function openDatabase(file: string): DatabaseSync {
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
    if (version === 0) db.exec(`BEGIN; ${TABLES} COMMIT;`);
    db.exec(TALLY);
  } catch (error) {
    db.close();
    throw error;
  }
  return db;
}

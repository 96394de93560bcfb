/** The outbox's database: what has been taken and is not yet where it belongs, in the order it came. Synchronous; see `outbox.ts`. */
import type { DatabaseSync } from 'node:sqlite';
import { hasSetAside } from './damaged.ts';
import { OutboxError, openDatabase } from './database.ts';
import { ENTRY_BYTES, minus, plus, prepareStatements, type Sums, sum } from './statements.ts';

export interface OutboxOptions {
  readonly file: string;
  /** The most data to hold. */
  readonly maxBytes: number;
  /** What is done with more: it is refused (the default), or the oldest makes room for it and is counted. */
  readonly whenFull?: 'refuse' | 'drop-oldest';
  /** What is done with a damaged file: it cannot be used (the default), or is set aside and a new one is begun. */
  readonly whenDamaged?: 'refuse' | 'set-aside';
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
  /** Whether a damaged file lies beside this one. */
  readonly isOneSetAside: boolean;
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
  /** What was kept under that name. */
  note(name: string): string | null;
  /** Keeps a short text beside the entries, in place of the one before. */
  keepNote(name: string, text: string): void;
  counts(): OutboxCounts;
  /** The last that was given. */
  lastId(): number;
  close(): void;
}

export const MAX_DEAD_LETTERS = 10_000;
/** What a long outage leaves free is given back to the disk in steps of a few milliseconds. */
const [VACUUM_FROM_PAGES, VACUUM_STEP_PAGES] = [4_096, 512];

/** `afterId`: the last id of a file that this one stands in for. */
export function openOutboxFile(options: OutboxOptions, afterId = 0): OutboxFile {
  const db = openDatabase(options.file, afterId);
  try {
    return useDatabase(db, options);
  } catch (error) {
    db.close();
    throw error;
  }
}

function useDatabase(db: DatabaseSync, { file, maxBytes, whenFull = 'refuse' }: OutboxOptions): OutboxFile {
  const statements = prepareStatements(db);
  const lastIdOf = (table: string) => (statements.lastId.get(table)?.seq as number | undefined) ?? 0;
  let lastId = lastIdOf('entry');
  const deadLetters = lastIdOf('dead_letter');
  const dropped = (statements.dropped.get()?.items as number | undefined) ?? 0;
  const sums = sum(statements, Number.MAX_SAFE_INTEGER);
  let counts: OutboxCounts = { ...sums, deadLetters, dropped, isOneSetAside: hasSetAside(file) };

  function count(more: Partial<OutboxCounts>): void {
    counts = {
      ...counts,
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
      lastId = Number(statements.insert.run(items, data).lastInsertRowid);
      count({ entries: 1, items, bytes });
      return lastId;
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
    note: (name) => (statements.note.get(name)?.text as string | undefined) ?? null,
    keepNote: (name, text) => void statements.keepNote.run(name, text),
    counts: () => counts,
    lastId: () => lastId,
    close: () => db.close(),
  };
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

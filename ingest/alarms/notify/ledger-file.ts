/** The tables of `notify.db`: every message and what it told whom, and when the server ran. */
import { DatabaseSync } from 'node:sqlite';
import { createBackgroundSync } from '../../../link/background-sync.ts';
import { inTransaction } from '../../store/sqlite/transaction.ts';
import type { Message, PageRow } from './ledger.ts';
import { pageKey } from './policy.ts';
import type { Span } from './run-times.ts';

export interface LedgerFile {
  /** All of them, or none. */
  save(writes: readonly { readonly message: Message; readonly pages: readonly PageRow[] }[]): void;
  /** Those not sent yet, and those made from then on. */
  messagesSince(ms: number): readonly Message[];
  message(id: string): Message | undefined;
  pagesOf(episode: string): readonly PageRow[];
  pagesIn(message: string): readonly PageRow[];
  /** What was settled before, and runs that ended before. */
  forgetBefore(ms: number): void;
  /** When the server ran, in the order of happening. */
  runs(): readonly Span[];
  /** In place of the one that began then. */
  saveRun(run: Span): void;
  close(): Promise<void>;
}

export interface ExchangeableLedgerFile extends LedgerFile {
  /** Lets go at once of a file that is damaged. */
  abandon(): void;
}

const MESSAGES = `
  CREATE TABLE message (
    id TEXT PRIMARY KEY, person TEXT NOT NULL, kind TEXT NOT NULL, at INTEGER NOT NULL, is_urgent INTEGER NOT NULL,
    state TEXT NOT NULL, tries INTEGER NOT NULL, next_at INTEGER NOT NULL, sent_at INTEGER, channel TEXT, reason TEXT,
    refused TEXT NOT NULL, content TEXT NOT NULL
  ) STRICT;
  CREATE INDEX message_at ON message (at);
  CREATE INDEX message_unsent ON message (state) WHERE state IN ('queued', 'sending');
  CREATE TABLE page (
    key TEXT PRIMARY KEY, episode TEXT NOT NULL, round INTEGER NOT NULL, step TEXT NOT NULL, person TEXT NOT NULL,
    message TEXT NOT NULL REFERENCES message (id) ON DELETE CASCADE
  ) STRICT;
  CREATE INDEX page_episode ON page (episode);
  CREATE INDEX page_message ON page (message);
`;
const RUNS = `
  CREATE TABLE run (seq INTEGER PRIMARY KEY, began INTEGER NOT NULL UNIQUE, ended INTEGER NOT NULL) STRICT;
`;
/** A run is written down every minute. */
const LAZY_MS = 30_000;
/** The way from each version to the next. */
const VERSIONS = [MESSAGES, RUNS];

/** Throws where the file is of a newer version, or no database. */
export function openLedgerFile(file: string): ExchangeableLedgerFile {
  const db = new DatabaseSync(file);
  try {
    return useDatabase(db, file);
  } catch (error) {
    db.close();
    throw error;
  }
}

function useDatabase(db: DatabaseSync, file: string): ExchangeableLedgerFile {
  prepare(db);
  const sync = createBackgroundSync({ db, file });
  const save = saver(db);
  const since = db.prepare(`SELECT * FROM message WHERE state IN ('queued', 'sending') OR at >= ? ORDER BY at`);
  const one = db.prepare('SELECT * FROM message WHERE id = ?');
  const ofEpisode = db.prepare('SELECT * FROM page WHERE episode = ? ORDER BY rowid');
  const inMessage = db.prepare('SELECT * FROM page WHERE message = ? ORDER BY rowid');
  const forget = db.prepare(`DELETE FROM message WHERE at < ? AND state NOT IN ('queued', 'sending')`);
  const forgetRuns = db.prepare('DELETE FROM run WHERE ended < ?');
  const { runs, saveRun } = runTable(db);
  return {
    runs,
    saveRun(run) {
      saveRun(run);
      sync.note(LAZY_MS);
    },
    save(writes) {
      save(writes);
      sync.note();
    },
    messagesSince: (ms) => since.all(ms).map(toMessage),
    message(id) {
      const row = one.get(id);
      return row && toMessage(row);
    },
    pagesOf: (episode) => ofEpisode.all(episode).map(toPage),
    pagesIn: (message) => inMessage.all(message).map(toPage),
    forgetBefore(ms) {
      forget.run(ms);
      forgetRuns.run(ms);
      sync.note(LAZY_MS);
    },
    close: sync.close,
    abandon: sync.abandon,
  };
}

function prepare(db: DatabaseSync): void {
  db.exec('PRAGMA foreign_keys = ON;');
  const version = Number(db.prepare('PRAGMA user_version').get()?.user_version);
  const newest = VERSIONS.length;
  if (version > newest) throw new StoreError(`notify.db has version ${version}; this program knows ${newest}`);
  if (version === newest) return;
  db.exec(`BEGIN IMMEDIATE; ${VERSIONS.slice(version).join('')} PRAGMA user_version = ${newest}; COMMIT;`);
}

/** The name by which the start-up says it in a sentence. */
class StoreError extends Error {
  override readonly name = 'StoreError';
}

function saver(db: DatabaseSync): LedgerFile['save'] {
  const put = db.prepare(
    `INSERT INTO message VALUES (:id, :person, :kind, :at, :isUrgent, :state, :tries, :nextAt, :sentAt, :channel, :reason, :refused, :content)
     ON CONFLICT (id) DO UPDATE SET state = :state, tries = :tries, next_at = :nextAt, sent_at = :sentAt,
       channel = :channel, reason = :reason, refused = :refused`,
  );
  // One step of one episode to one person is told once, whatever else goes wrong.
  const putPage = db.prepare('INSERT OR IGNORE INTO page VALUES (?, ?, ?, ?, ?, ?)');
  return (writes) => {
    inTransaction(db, () => {
      for (const { message, pages } of writes) {
        const { content, refused, isUrgent, ...columns } = message;
        const texts = { refused: JSON.stringify(refused), content: JSON.stringify(content) };
        put.run({ ...columns, ...texts, isUrgent: Number(isUrgent) });
        for (const page of pages) {
          putPage.run(pageKey(page), page.episode, page.round, String(page.step), page.person, page.message);
        }
      }
    });
  };
}

function runTable(db: DatabaseSync): Pick<LedgerFile, 'runs' | 'saveRun'> {
  const all = db.prepare('SELECT began, ended FROM run ORDER BY seq');
  const put = db.prepare(
    'INSERT INTO run (began, ended) VALUES (?, ?) ON CONFLICT (began) DO UPDATE SET ended = excluded.ended',
  );
  return {
    runs: () => all.all().map(({ began, ended }) => ({ from: Number(began), to: Number(ended) })),
    saveRun: ({ from, to }) => void put.run(from, to),
  };
}

function toMessage(row: Record<string, unknown>): Message {
  const { id, person, kind, at, state, tries, channel, reason } = row;
  const whole = { nextAt: row.next_at, sentAt: row.sent_at, isUrgent: row.is_urgent === 1 };
  const parsed = { refused: JSON.parse(String(row.refused)), content: JSON.parse(String(row.content)) };
  return { id, person, kind, at, state, tries, channel, reason, ...whole, ...parsed } as Message;
}

function toPage({ episode, round, step, person, message }: Record<string, unknown>): PageRow {
  return { episode, round, step: step === 'cleared' ? step : Number(step), person, message } as PageRow;
}

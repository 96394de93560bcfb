/** Every alarm of these years and all that happened to it, on disk. Few and small, so rows of JSON do, written on the main thread. */
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { createBackgroundSync } from '../../link/background-sync.ts';
import type { Alarm, AlarmQuery, JournalEntry } from '../../model/alarm.ts';
import { isMuted, isOpenPast, isStanding } from '../../model/alarm.ts';
import type { Announced, Episode } from '../../model/alarm-quality.ts';
import type { Work } from '../../model/work.ts';
import { inTransaction } from '../store/sqlite/transaction.ts';
import { createForgetting } from './journal-retention.ts';
import { prepareSchema } from './journal-schema.ts';

/** An alarm as it is now, and what brought it there. */
export interface AlarmWrite {
  readonly alarm: Alarm;
  readonly entries: readonly JournalEntry[];
}

export interface AlarmJournal {
  /** All of them, or none. */
  save(writes: readonly AlarmWrite[]): void;
  /** Those to be at hand. */
  open(): readonly Alarm[];
  /** Whose condition was seen to be over from then on, server's time. */
  clearedSince(ms: number): readonly Alarm[];
  get(id: string): Alarm | undefined;
  list(query: AlarmQuery): readonly Alarm[];
  /** In the order of happening. */
  entriesOf(alarm: string): readonly JournalEntry[];
  /** What people were told, and the episodes, by the server's time in `[from, to)`. */
  announced(from: number, to: number): readonly Announced[];
  episodes(from: number, to: number): readonly Episode[];
  putWork(work: Work): void;
  /** Those that end later, and those without an end. */
  works(endingAfter: number): readonly Work[];
  /** A few of the closed ones that are older than it remembers, or more than it has room for; to be called once a second. */
  forget(now: number): void;
  memory(name: string): string | null;
  keepMemory(name: string, body: string, now: number): void;
  /** Resolves once all that was saved so far is on the disk. */
  synced(): Promise<void>;
  /** For how long the oldest of it has waited for its sync. */
  unsyncedMs(): number;
  close(): Promise<void>;
}

/** What the detectors remember is saved every 10 s, and may be older after a power cut. */
const LAZY_MS = 30_000;

export function openAlarmJournal(file: string): AlarmJournal {
  const db = new DatabaseSync(file);
  prepareSchema(db);
  const sync = createBackgroundSync({ db, file });
  const { putWork, works } = workTable(db);
  const { memory, keepMemory } = memoryTable(db);
  const save = saver(db);
  const forget = createForgetting(db);
  return {
    ...alarmTable(db),
    ...eventTable(db),
    memory,
    works,
    save(writes) {
      save(writes);
      sync.note();
    },
    putWork(work) {
      putWork(work);
      sync.note();
    },
    keepMemory(...kept) {
      keepMemory(...kept);
      sync.note(LAZY_MS);
    },
    forget(now) {
      if (forget(now)) sync.note(LAZY_MS);
    },
    synced: sync.synced,
    unsyncedMs: sync.unsyncedMs,
    close: sync.close,
  };
}

function saver(db: DatabaseSync): AlarmJournal['save'] {
  const put = db.prepare(
    'INSERT OR REPLACE INTO alarm (id, raised_at, is_active, is_open, cleared_at, body) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const note = db.prepare('INSERT INTO event (alarm, seen_at, kind, told, body) VALUES (?, ?, ?, ?, ?)');
  return (writes) => {
    inTransaction(db, () => {
      for (const { alarm, entries } of writes) {
        const { id, state, raisedAt, clearedAt } = alarm;
        put.run(
          id,
          raisedAt,
          Number(state !== 'normal'),
          Number(isStanding(alarm) || isOpenPast(alarm)),
          clearedAt,
          JSON.stringify(alarm),
        );
        for (const { alarm: of, seenAt, kind, told, ...body } of entries) {
          note.run(of, seenAt, kind, told, JSON.stringify(body));
        }
      }
    });
  };
}

type Row = Record<string, unknown>;
const parse = <T>(row: Row | undefined): T => JSON.parse(row?.body as string) as T;
const all = <T>(statement: StatementSync, ...values: (string | number)[]): readonly T[] =>
  statement.all(...values).map((row) => parse<T>(row));

function alarmTable(db: DatabaseSync): Pick<AlarmJournal, 'open' | 'clearedSince' | 'get' | 'list' | 'episodes'> {
  const open = db.prepare('SELECT body FROM alarm WHERE is_open = 1 ORDER BY raised_at DESC');
  const cleared = db.prepare('SELECT body FROM alarm WHERE cleared_at >= ?');
  const one = db.prepare('SELECT body FROM alarm WHERE id = ?');
  // An episode that holds is of every time after it began.
  const episodes = db.prepare(
    'SELECT body FROM alarm WHERE raised_at < :to AND (cleared_at IS NULL OR cleared_at >= :from)',
  );
  const list = db.prepare(
    `SELECT body FROM alarm WHERE is_active >= :activeOnly AND raised_at >= :from AND raised_at < :to
       AND (:site IS NULL OR body ->> 'site' IS NULL OR body ->> 'site' = :site)
       AND (:priority IS NULL OR body ->> 'priority' = :priority)
     ORDER BY raised_at DESC LIMIT :limit`,
  );
  return {
    open: () => all<Alarm>(open),
    clearedSince: (ms) => all<Alarm>(cleared, ms),
    get(id) {
      const row = one.get(id);
      return row ? parse<Alarm>(row) : undefined;
    },
    list: ({ activeOnly, mutedOnly: _, site = null, priority = null, ...range }) =>
      list.all({ activeOnly: Number(activeOnly), site, priority, ...range }).map((row) => parse<Alarm>(row)),
    episodes: (from, to) =>
      episodes
        .all({ from, to })
        .map((row) => parse<Alarm>(row))
        .filter(({ isHistorical }) => !isHistorical)
        .map((alarm) => ({ ...alarm, isMuted: isMuted(alarm) })),
  };
}

function eventTable(db: DatabaseSync): Pick<AlarmJournal, 'entriesOf' | 'announced'> {
  const entries = db.prepare('SELECT alarm, seen_at, kind, told, body FROM event WHERE alarm = ? ORDER BY seq');
  const announced = db.prepare(
    `SELECT kind, seen_at AS at, told, alarm.body ->> 'key' AS source, alarm.body ->> 'rule' AS rule,
       alarm.body ->> 'site' AS site, alarm.body ->> 'priority' AS priority
     FROM event JOIN alarm ON alarm.id = event.alarm
     WHERE seen_at >= ? AND seen_at < ? AND NOT alarm.body ->> 'isHistorical' AND (kind = 'raise' OR told IS NOT NULL)
     ORDER BY seq`,
  );
  return {
    entriesOf: (alarm) =>
      entries.all(alarm).map((row) => {
        const { alarm: of, seen_at: seenAt, kind, told } = row;
        return { alarm: of, seenAt, kind, told, ...parse<object>(row) } as JournalEntry;
      }),
    announced: (from, to) => announced.all(from, to) as unknown as readonly Announced[],
  };
}

function workTable(db: DatabaseSync): Pick<AlarmJournal, 'putWork' | 'works'> {
  const put = db.prepare('INSERT OR REPLACE INTO work (id, until, body) VALUES (?, ?, ?)');
  const list = db.prepare('SELECT body FROM work WHERE until > ? ORDER BY until');
  return {
    putWork(work) {
      put.run(work.id, work.to, JSON.stringify(work));
    },
    works: (endingAfter) => all<Work>(list, endingAfter),
  };
}

function memoryTable(db: DatabaseSync): Pick<AlarmJournal, 'memory' | 'keepMemory'> {
  const get = db.prepare('SELECT body FROM detector_memory WHERE name = ?');
  const put = db.prepare('INSERT OR REPLACE INTO detector_memory (name, saved_at, body) VALUES (?, ?, ?)');
  return {
    memory: (name) => (get.get(name)?.body as string | undefined) ?? null,
    keepMemory(name, body, now) {
      put.run(name, now, body);
    },
  };
}

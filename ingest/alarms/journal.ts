/** Every alarm of these years and all that happened to it, on disk. Few and small, so rows of JSON do, written on the main thread. */
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { Alarm, AlarmQuery, JournalEntry } from '../../model/alarm.ts';
import { isMuted, isOpenPast, isStanding } from '../../model/alarm.ts';
import type { Announced, Episode } from '../../model/alarm-quality.ts';
import type { Work } from '../../model/work.ts';
import { inTransaction } from '../store/sqlite/transaction.ts';
import { createBackgroundSync } from './background-sync.ts';
import { columnsOf, createJournalDamage, type JournalDamage, type JournalDependencies } from './journal-damage.ts';
import { createForgetting } from './journal-retention.ts';
import { believe, checksumOf, type Row, type Table } from './journal-rows.ts';
import { prepareSchema } from './journal-schema.ts';
import { expectWhole, finishRepair, orRefuse } from './journal-whole.ts';

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
  /** Looks at a few rows, so that damage is found that nobody asks for; to be called once a second. */
  scrub(): void;
  /** A few of the closed ones that are older than it remembers, or more than it has room for; to be called once a second. */
  forget(now: number): void;
  memory(name: string): string | null;
  keepMemory(name: string, body: string, now: number): void;
  close(): void;
}

/** Throws a StoreError with file and remedy where SQLite finds the file damaged: nothing is changed then. */
export function openAlarmJournal(file: string, dependencies: JournalDependencies): AlarmJournal {
  finishRepair(file);
  expectWhole(file);
  return orRefuse(file, () => openWhole(file, dependencies));
}

function openWhole(file: string, dependencies: JournalDependencies): AlarmJournal {
  const db = new DatabaseSync(file);
  const sync = createBackgroundSync(db, file);
  prepareSchema(db);
  const damage = createJournalDamage(db, dependencies);
  const { putWork, works } = workTable(db, damage);
  const { open, clearedSince, ...alarms } = alarmTable(db, damage);
  const save = saver(db);
  const forget = createForgetting(db);
  return {
    ...alarms,
    // What is to be at hand must be known: where it cannot be read there is no start.
    open: () => orRefuse(file, open),
    clearedSince: (ms) => orRefuse(file, () => clearedSince(ms)),
    ...eventTable(db, damage),
    ...memoryTable(db, damage),
    works,
    forget: (now) => damage.orElse(undefined, () => forget(now)),
    scrub: damage.scrub,
    save(writes) {
      damage.telling(() => save(writes));
      sync.note();
    },
    putWork(work) {
      damage.telling(() => putWork(work));
      sync.note();
    },
    close() {
      sync.stop();
      db.close();
    },
  };
}

function saver(db: DatabaseSync): AlarmJournal['save'] {
  const put = db.prepare(
    'INSERT OR REPLACE INTO alarm (id, raised_at, is_active, is_open, cleared_at, body, checksum) VALUES (?, ?, ?, ?, ?, ?, ?)',
  );
  const last = db.prepare('SELECT max(seq) AS seq FROM event');
  const note = db.prepare(
    'INSERT INTO event (seq, alarm, seen_at, kind, told, body, checksum) VALUES (?, ?, ?, ?, ?, ?, ?)',
  );

  function putAlarm(alarm: Alarm): void {
    const row = {
      id: alarm.id,
      raised_at: alarm.raisedAt,
      is_active: Number(alarm.state !== 'normal'),
      is_open: Number(isStanding(alarm) || isOpenPast(alarm)),
      cleared_at: alarm.clearedAt,
      body: JSON.stringify(alarm),
    };
    put.run(...Object.values(row), checksumOf('alarm', row));
  }

  function noteEntry(seq: number, { alarm, seenAt, kind, told, ...body }: JournalEntry): void {
    const row = { seq, alarm, seen_at: seenAt, kind, told, body: JSON.stringify(body) };
    note.run(...Object.values(row), checksumOf('event', row));
  }

  return (writes) => {
    inTransaction(db, () => {
      let seq = (last.get()?.seq as number | null) ?? 0;
      for (const { alarm, entries } of writes) {
        putAlarm(alarm);
        for (const entry of entries) noteEntry(++seq, entry);
      }
    });
  };
}

/** A query whose rows can be judged: with the row's id, its checksum, and integers of any size. */
function reader(db: DatabaseSync, table: Table, rest: string): StatementSync {
  const statement = db.prepare(`SELECT ${columnsOf(table)} FROM ${table} ${rest}`);
  statement.setReadBigInts(true);
  return statement;
}

type AlarmTable = Pick<AlarmJournal, 'open' | 'clearedSince' | 'get' | 'list' | 'episodes'>;

function alarmTable(db: DatabaseSync, damage: JournalDamage): AlarmTable {
  const open = reader(db, 'alarm', 'WHERE is_open = 1 ORDER BY raised_at DESC');
  const cleared = reader(db, 'alarm', 'WHERE cleared_at >= ?');
  const one = reader(db, 'alarm', 'WHERE id = ?');
  // An episode that holds is of every time after it began.
  const episodes = reader(db, 'alarm', 'WHERE raised_at < :to AND (cleared_at IS NULL OR cleared_at >= :from)');
  const list = reader(
    db,
    'alarm',
    'WHERE is_active >= :activeOnly AND raised_at >= :from AND raised_at < :to ORDER BY raised_at DESC',
  );
  const all = (statement: StatementSync, ...values: (string | number)[]): readonly Alarm[] =>
    damage.readAll<Alarm>('alarm', statement.all(...values));

  /** Site and priority stand in the body only, which is not to be asked before it is believed. */
  function first({ activeOnly, from, to, site, priority, limit }: AlarmQuery): readonly Alarm[] {
    const [found, damaged]: [Alarm[], Row[]] = [[], []];
    if (limit <= 0) return found;
    for (const row of list.iterate({ activeOnly: Number(activeOnly), from, to })) {
      const alarm = believe<Alarm>('alarm', row);
      if (alarm === null) damaged.push(row);
      else if (isOf(alarm, site, priority) && found.push(alarm) >= limit) break;
    }
    damage.readAll('alarm', damaged);
    return found;
  }

  return {
    open: () => all(open),
    clearedSince: (ms) => all(cleared, ms),
    get: (id) => damage.orElse(undefined, () => all(one, id)[0]),
    list: (query) => damage.orElse([], () => first(query)),
    episodes: (from, to) =>
      damage
        .orElse([], () => damage.readAll<Alarm>('alarm', episodes.all({ from, to })))
        .filter(({ isHistorical }) => !isHistorical)
        .map((alarm) => ({ ...alarm, isMuted: isMuted(alarm) })),
  };
}

function isOf(alarm: Alarm, site: AlarmQuery['site'], priority: AlarmQuery['priority']): boolean {
  const isOfSite = site === undefined || alarm.site === null || alarm.site === site;
  return isOfSite && (priority === undefined || alarm.priority === priority);
}

function eventTable(db: DatabaseSync, damage: JournalDamage): Pick<AlarmJournal, 'entriesOf' | 'announced'> {
  const entries = reader(db, 'event', 'WHERE alarm = ? ORDER BY seq');
  const announced = reader(
    db,
    'event',
    "WHERE seen_at >= ? AND seen_at < ? AND (kind = 'raise' OR told IS NOT NULL) ORDER BY seq",
  );
  const alarmOf = reader(db, 'alarm', 'WHERE id = ?');

  const read = (rows: readonly Row[]): readonly JournalEntry[] =>
    rows.flatMap((row) => {
      const body = damage.read<object>('event', row);
      return body === null ? [] : [{ ...columnsOfEvent(row), ...body } as JournalEntry];
    });

  /** By the journal; those of one alarm come together often. */
  function announcedBetween(from: number, to: number): readonly Announced[] {
    const alarms = new Map<string, Alarm | undefined>();
    return read(announced.all(from, to)).flatMap(({ alarm: id, kind, seenAt, told }) => {
      if (!alarms.has(id)) alarms.set(id, damage.readAll<Alarm>('alarm', alarmOf.all(id))[0]);
      const alarm = alarms.get(id);
      if (!alarm || alarm.isHistorical) return [];
      const { key, rule, site, priority } = alarm;
      return [{ kind, at: seenAt, told, source: key, rule, site, priority }];
    });
  }

  return {
    entriesOf: (alarm) => damage.orElse([], () => read(entries.all(alarm))),
    announced: (from, to) => damage.orElse([], () => announcedBetween(from, to)),
  };
}

function columnsOfEvent({ alarm, seen_at, kind, told }: Row): object {
  return { alarm, seenAt: Number(seen_at), kind, told };
}

function workTable(db: DatabaseSync, damage: JournalDamage): Pick<AlarmJournal, 'putWork' | 'works'> {
  const put = db.prepare('INSERT OR REPLACE INTO work (id, until, body, checksum) VALUES (?, ?, ?, ?)');
  const list = reader(db, 'work', 'WHERE until > ? ORDER BY until');
  return {
    putWork(work) {
      const row = { id: work.id, until: work.to, body: JSON.stringify(work) };
      put.run(...Object.values(row), checksumOf('work', row));
    },
    works: (endingAfter) => damage.orElse([], () => damage.readAll<Work>('work', list.all(endingAfter))),
  };
}

function memoryTable(db: DatabaseSync, damage: JournalDamage): Pick<AlarmJournal, 'memory' | 'keepMemory'> {
  const get = reader(db, 'detector_memory', 'WHERE name = ?');
  const put = db.prepare('INSERT OR REPLACE INTO detector_memory (name, saved_at, body, checksum) VALUES (?, ?, ?, ?)');
  return {
    memory(name) {
      const row = damage.orElse(undefined, () => get.get(name));
      return row && damage.read('detector_memory', row) ? (row.body as string) : null;
    },
    keepMemory(name, body, now) {
      const row = { name, saved_at: now, body };
      damage.telling(() => put.run(...Object.values(row), checksumOf('detector_memory', row)));
    },
  };
}

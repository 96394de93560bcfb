import { DatabaseSync } from 'node:sqlite';
import type { Alarm, AlarmQuery } from '../../model/alarm.ts';

/** Every alarm that ever was, on disk. Few and small, so plain rows of JSON do, written on the main thread. */
export interface AlarmJournal {
  save(alarm: Alarm): void;
  active(): readonly Alarm[];
  list(query: AlarmQuery): readonly Alarm[];
  close(): void;
}

const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS alarm (
    id TEXT PRIMARY KEY, raised_at INTEGER NOT NULL, is_active INTEGER NOT NULL, body TEXT NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS alarm_raised_at ON alarm (raised_at);
`;

export function openAlarmJournal(file: string): AlarmJournal {
  const db = new DatabaseSync(file);
  db.exec(SCHEMA);
  const put = db.prepare('INSERT OR REPLACE INTO alarm (id, raised_at, is_active, body) VALUES (?, ?, ?, ?)');
  const active = db.prepare('SELECT body FROM alarm WHERE is_active = 1 ORDER BY raised_at DESC');
  const list = db.prepare(
    `SELECT body FROM alarm WHERE is_active >= :activeOnly AND raised_at >= :from AND raised_at < :to
       AND (:site IS NULL OR body ->> 'site' IS NULL OR body ->> 'site' = :site)
       AND (:priority IS NULL OR body ->> 'priority' = :priority)
     ORDER BY raised_at DESC LIMIT :limit`,
  );
  const toAlarm = (row: Record<string, unknown>): Alarm => JSON.parse(row.body as string);
  return {
    save: (alarm) => {
      put.run(alarm.id, alarm.raisedAt, alarm.state === 'normal' ? 0 : 1, JSON.stringify(alarm));
    },
    active: () => active.all().map(toAlarm),
    list: ({ activeOnly, site = null, priority = null, ...range }) =>
      list.all({ activeOnly: activeOnly ? 1 : 0, site, priority, ...range }).map(toAlarm),
    close: () => db.close(),
  };
}

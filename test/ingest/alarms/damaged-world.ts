/** Journals of alarms to be damaged. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type AlarmJournal, openAlarmJournal } from '../../../ingest/alarms/journal.ts';
import { createDataFaults, type DataFaults } from '../../../ingest/data-faults.ts';
import type { Alarm, JournalEntry } from '../../../model/alarm.ts';
import { raisedAlarm } from '../../harness/alarms.ts';
import { tankLow } from '../../harness/readings.ts';
import { temporaryFolder } from '../../harness/server.ts';

export const entry = (alarm: Alarm): JournalEntry => ({
  alarm: alarm.id,
  kind: 'raise',
  at: alarm.raisedAt,
  seenAt: alarm.raisedAt,
  by: null,
  note: null,
  until: null,
  suppressors: [],
  state: alarm.state,
  told: 'raised',
});
export const alarmNo = (n: number): Alarm => raisedAlarm({ ...tankLow, key: `tank-low.tank-${n}`, at: 1000 + n });
export const work = {
  id: 'work-1',
  kind: 'work' as const,
  scope: { site: 'toru', asset: null, circuit: null, zone: null },
  from: 0,
  to: 5000,
  reason: 'pipe',
  by: 'aida',
  at: 0,
  cancelled: null,
};

export interface Opened {
  readonly file: string;
  readonly journal: AlarmJournal;
  readonly faults: DataFaults;
}

export function open(file: string): Opened {
  const faults = createDataFaults();
  return { file, faults, journal: openAlarmJournal(file, { faults, now: () => 1e12 }) };
}

/** A closed file with so many open alarms, an event each, a work and a memory. */
export async function filled(count: number): Promise<string> {
  const { file, journal } = open(join(temporaryFolder(), 'alarms.db'));
  const alarms = Array.from({ length: count }, (_, n) => alarmNo(n));
  journal.save(alarms.map((alarm) => ({ alarm, entries: [entry(alarm)] })));
  journal.putWork(work);
  journal.keepMemory('detectors', '{"version":1,"series":{},"silence":{}}', 7);
  await journal.close();
  return file;
}

export function change(file: string, sql: string): void {
  const db = new DatabaseSync(file);
  db.exec(sql);
  db.close();
}

/** An event is never changed, unless by damage. */
export const STAYS = 'DROP TRIGGER event_stays;';

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { createAlarmDesk } from '../../ingest/alarms/desk.ts';
import { openAlarmJournal } from '../../ingest/alarms/journal.ts';
import type { Alarm } from '../../model/alarm.ts';
import type { SiteId } from '../../model/ids.ts';
import { raiseOfServer } from '../../model/server-condition.ts';
import { silentLog, tankLow } from '../harness/readings.ts';
import { temporaryFolder } from '../harness/server.ts';

const everything = { activeOnly: false, from: 0, to: 1e13, limit: 2_000 };
const active = { ...everything, activeOnly: true };

function openDesk(file = join(temporaryFolder(), 'alarms.db')) {
  const journal = openAlarmJournal(file);
  return { file, journal, desk: createAlarmDesk(journal, silentLog) };
}

describe('the alarm desk', () => {
  it('knows its open alarms again after a restart, and opens none twice', () => {
    const before = openDesk();
    before.desk.apply(tankLow);
    before.journal.close();

    const { desk } = openDesk(before.file);
    expect(desk.isActive(tankLow.key)).toBe(true);
    desk.apply({ ...tankLow, at: 2000 });
    expect(desk.list(active)).toHaveLength(1);
    desk.apply({ kind: 'return', key: tankLow.key, at: 3000 });
    expect(desk.list(active)).toEqual([]);
    expect(desk.list(everything)).toMatchObject([{ state: 'normal', raisedAt: 1000, returnedAt: 3000 }]);
  });

  it.each([active, everything])('lists newest first, by site, priority and time: %j', (query) => {
    const { desk } = openDesk();
    desk.apply(tankLow);
    desk.apply({ ...tankLow, key: 'other', at: 5000, priority: 'low', site: 'naryn' as SiteId });
    expect(desk.list(query).map((a) => a.raisedAt)).toEqual([5000, 1000]);
    expect(desk.list({ ...query, site: 'naryn' }).map((a) => a.key)).toEqual(['other']);
    expect(desk.list({ ...query, priority: 'critical' }).map((a) => a.raisedAt)).toEqual([1000]);
    expect(desk.list({ ...query, to: 5000 }).map((a) => a.raisedAt)).toEqual([1000]);
    expect(desk.list({ ...query, limit: 1 })).toHaveLength(1);
  });

  it.each([active, everything])('lists the alarms of the server for every site: %j', (query) => {
    const { desk } = openDesk();
    desk.apply(raiseOfServer('disk-low', 1000));
    expect(desk.list({ ...query, site: 'naryn' })).toMatchObject([{ rule: 'disk-low', site: null, device: null }]);
  });
});

/** A real SQLite error: another connection holds the journal for writing. Returns how to let go. */
function lockForWriting(file: string): () => void {
  const other = new DatabaseSync(file);
  other.exec('BEGIN IMMEDIATE');
  return () => other.close();
}

describe('the alarm desk with a journal that takes nothing', () => {
  it('tells of the alarm all the same, lists it, and saves it once it can', () => {
    const { file, journal, desk } = openDesk();
    const told: Alarm[] = [];
    desk.onChange((alarm) => told.push(alarm));
    const unlock = lockForWriting(file);
    desk.apply(raiseOfServer('store-failing', 1000));
    desk.saveUnsaved();
    expect(told.map(({ rule }) => rule)).toEqual(['store-failing']);
    expect([desk.list(active).length, desk.list(everything).length, desk.health().unsaved]).toEqual([1, 1, 1]);

    unlock();
    desk.saveUnsaved();
    expect(desk.health()).toEqual({ unsaved: 0, dropped: 0 });
    journal.close();
    expect(openDesk(file).desk.isActive('store-failing')).toBe(true);
  });

  it('lists an episode that ended meanwhile once, and as ended', () => {
    const { file, desk } = openDesk();
    desk.apply(tankLow);
    const unlock = lockForWriting(file);
    desk.apply({ kind: 'return', key: tankLow.key, at: 2000 });
    expect(desk.health().unsaved).toBe(1);
    expect(desk.list(active)).toEqual([]);
    expect(desk.list(everything)).toMatchObject([{ state: 'normal', returnedAt: 2000 }]);
    unlock();
  });

  it('keeps a thousand, gives up what is over before what is open, and counts it', () => {
    const { file, desk } = openDesk();
    const unlock = lockForWriting(file);
    desk.apply({ ...tankLow, key: 'open' });
    for (let at = 0; at < 1_000; at++) {
      desk.apply({ ...tankLow, at });
      desk.apply({ kind: 'return', key: tankLow.key, at });
    }
    expect(desk.health()).toEqual({ unsaved: 1_000, dropped: 1 });
    unlock();
    desk.saveUnsaved();
    const saved = desk.list(everything);
    expect([saved.length, saved.some(({ key }) => key === 'open')]).toEqual([1_000, true]);
  });
});

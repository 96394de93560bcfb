import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createAlarmDesk } from '../../ingest/alarms/desk.ts';
import { openAlarmJournal } from '../../ingest/alarms/journal.ts';
import type { SiteId } from '../../model/ids.ts';
import { tankLow } from '../harness/readings.ts';
import { temporaryFolder } from '../harness/server.ts';

const everything = { activeOnly: false, from: 0, to: 1e13, limit: 100 };
const active = { ...everything, activeOnly: true };

describe('the alarm desk', () => {
  it('knows its open alarms again after a restart, and opens none twice', () => {
    const file = join(temporaryFolder(), 'alarms.db');
    const before = openAlarmJournal(file);
    createAlarmDesk(before).apply(tankLow);
    before.close();

    const desk = createAlarmDesk(openAlarmJournal(file));
    expect(desk.isActive(tankLow.key)).toBe(true);
    desk.apply({ ...tankLow, at: 2000 });
    expect(desk.list(active)).toHaveLength(1);
    desk.apply({ kind: 'return', key: tankLow.key, at: 3000 });
    expect(desk.list(active)).toEqual([]);
    expect(desk.list(everything)).toMatchObject([{ state: 'normal', raisedAt: 1000, returnedAt: 3000 }]);
  });

  it('announces nothing that it could not save', () => {
    const journal = openAlarmJournal(join(temporaryFolder(), 'alarms.db'));
    const desk = createAlarmDesk({
      ...journal,
      save: () => {
        throw new Error('database or disk is full');
      },
    });
    const told: unknown[] = [];
    desk.onChange((alarm) => told.push(alarm));
    expect(() => desk.apply(tankLow)).toThrow('full');
    expect([told, desk.isActive(tankLow.key)]).toEqual([[], false]);
  });

  it('lists newest first, by site, priority and time', () => {
    const desk = createAlarmDesk(openAlarmJournal(join(temporaryFolder(), 'alarms.db')));
    desk.apply(tankLow);
    desk.apply({ ...tankLow, key: 'other', at: 5000, priority: 'low', site: 'naryn' as SiteId });
    expect(desk.list(everything).map((a) => a.raisedAt)).toEqual([5000, 1000]);
    expect(desk.list({ ...everything, site: 'naryn' }).map((a) => a.key)).toEqual(['other']);
    expect(desk.list({ ...everything, priority: 'critical' }).map((a) => a.raisedAt)).toEqual([1000]);
    expect(desk.list({ ...everything, to: 5000 }).map((a) => a.raisedAt)).toEqual([1000]);
    expect(desk.list({ ...everything, limit: 1 })).toHaveLength(1);
  });
});

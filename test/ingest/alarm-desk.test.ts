import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import type { AlarmDesk } from '../../ingest/alarms/desk.ts';
import { openAlarmJournal } from '../../ingest/alarms/journal.ts';
import { checksumOf } from '../../ingest/alarms/journal-rows.ts';
import { createDataFaults } from '../../ingest/data-faults.ts';
import type { Alarm, AlarmAction } from '../../model/alarm.ts';
import type { ConditionReturn } from '../../model/condition.ts';
import type { SiteId } from '../../model/ids.ts';
import { raiseOfServer } from '../../model/server-condition.ts';
import { ACTIVE, EVERYTHING, openDesk } from '../harness/alarms.ts';
import { rulesFor } from '../harness/detect.ts';
import { smallPlant, tankLow } from '../harness/readings.ts';

const back = (at: number): ConditionReturn => ({ kind: 'return', key: tankLow.key, at, isHistorical: false });
const acknowledge: AlarmAction = { kind: 'acknowledge', by: 'aida', note: 'seen' };
const ID = `${tankLow.key}.${tankLow.at}`;
const HOUR = 3_600_000;

describe('the alarm desk', () => {
  it('knows its open alarms again after a restart, and opens none twice', () => {
    const before = openDesk();
    before.desk.apply(tankLow);
    before.journal.close();

    const { desk, told } = openDesk({ file: before.file });
    expect(desk.isActive(tankLow.key)).toBe(true);
    desk.apply({ ...tankLow, at: 2000 });
    expect([desk.list(ACTIVE).length, told]).toEqual([1, []]);
    desk.act(ID, acknowledge);
    desk.apply(back(3000));
    expect(desk.list(ACTIVE)).toEqual([]);
    expect(desk.list(EVERYTHING)).toMatchObject([{ state: 'normal', raisedAt: 1000, returnedAt: 3000 }]);
  });

  it('keeps what is over, and unseen, until somebody acknowledges it', () => {
    const { desk, told } = openDesk();
    desk.apply(tankLow);
    desk.apply(back(2000));
    expect([desk.isActive(tankLow.key), desk.list(ACTIVE).length]).toEqual([false, 1]);
    expect(desk.act(ID, acknowledge)).toMatchObject({ ok: true, alarm: { state: 'normal' } });
    expect(desk.act(ID, acknowledge)).toMatchObject({ ok: false, reason: 'no-change' });
    expect(desk.act('nothing', acknowledge)).toMatchObject({ ok: false, reason: 'unknown' });
    expect(told).toEqual([`raised ${tankLow.key}`, `cleared-unacknowledged ${tankLow.key}`]);
  });

  it('writes down who did what, when it happened and when it came in', () => {
    let now = 5_000;
    const { desk } = openDesk({ now: () => now });
    desk.apply(tankLow);
    now = 6_000;
    desk.act(ID, acknowledge);
    desk.act(ID, { kind: 'shelve', by: 'bek', reason: 'cleaning', until: 9_000 });
    now = 7_000;
    desk.apply(back(2_000));
    expect(desk.entriesOf(ID)).toMatchObject([
      { kind: 'raise', at: 1_000, seenAt: 5_000, by: null, state: 'unacknowledged', told: 'raised' },
      { kind: 'acknowledge', at: 6_000, seenAt: 6_000, by: 'aida', note: 'seen', state: 'acknowledged', told: null },
      { kind: 'shelve', by: 'bek', note: 'cleaning', until: 9_000 },
      { kind: 'return', at: 2_000, seenAt: 7_000, state: 'normal' },
    ]);
  });

  it('ends a shelf that a clock which was ahead would have kept for years', () => {
    let now = 12 * 365 * 24 * HOUR;
    const { desk, told } = openDesk({ now: () => now });
    desk.apply(tankLow);
    desk.act(ID, { kind: 'shelve', by: 'bek', reason: 'cleaning', until: now + 7 * 24 * HOUR });
    desk.tick();
    expect(told).toHaveLength(1);
    now = 5_000;
    desk.tick();
    expect(told).toEqual([`raised ${tankLow.key}`, `raised ${tankLow.key}`]);
  });

  it('goes on with shelves and holds after a restart, and ends them by the clock', () => {
    const first = openDesk();
    first.desk.apply(tankLow);
    first.desk.act(ID, { kind: 'shelve', by: 'bek', reason: 'cleaning', until: 9_000 });
    first.journal.close();
    let now = 8_999;
    const { desk, told } = openDesk({ file: first.file, now: () => now });
    desk.tick();
    expect([desk.list({ ...EVERYTHING, mutedOnly: true }).length, told]).toEqual([1, []]);
    now = 9_000;
    desk.tick();
    expect([desk.list({ ...EVERYTHING, mutedOnly: true }), told]).toEqual([[], [`raised ${tankLow.key}`]]);
    desk.tick();
    expect(told).toHaveLength(1);
  });

  it('asks again for a critical alarm that was acknowledged four hours ago and is not over', () => {
    let now = 0;
    const { desk, told } = openDesk({ now: () => now });
    desk.apply(tankLow);
    desk.act(ID, acknowledge);
    now = 4 * HOUR;
    desk.tick();
    expect(desk.list(ACTIVE)).toMatchObject([{ state: 'unacknowledged' }]);
    expect(told).toEqual([`raised ${tankLow.key}`, `raised ${tankLow.key}`]);
  });

  it.each([
    ['critical', 4],
    ['high', 24],
  ] as const)(
    'reminds of a %s alarm that nobody acknowledges every %i hours, also over a restart',
    (priority, hours) => {
      let now = 0;
      const pass = (desk: AlarmDesk, untilH: number): void => {
        for (const until = untilH * HOUR; now < until; ) {
          now += 60_000;
          desk.tick();
        }
      };
      const first = openDesk({ now: () => now });
      first.desk.apply({ ...tankLow, priority });
      const before = first.desk.standing()[0]?.stateSince;
      pass(first.desk, 1.5 * hours);
      expect(first.told.slice(1)).toEqual([`reminder ${tankLow.key}`]);
      expect(first.desk.standing()).toMatchObject([{ state: 'unacknowledged', stateSince: before }]);
      first.journal.close();
      const { desk, told } = openDesk({ file: first.file, now: () => now });
      pass(desk, 2 * hours - 0.1);
      expect(told).toEqual([]);
      pass(desk, 3 * hours);
      expect(told).toEqual(Array(2).fill(`reminder ${tankLow.key}`));
      expect(desk.entriesOf(ID).map(({ told: tell }) => tell)).toEqual(['raised', ...Array(3).fill('reminder')]);
    },
  );

  it('reminds once after it was away for days, and after the clock was set back', () => {
    let now = 0;
    const first = openDesk({ now: () => now });
    first.desk.apply(tankLow);
    first.journal.close();
    now = 100 * HOUR;
    const { desk, told } = openDesk({ file: first.file, now: () => now });
    for (let i = 0; i < 10; i++) desk.tick();
    expect(told).toHaveLength(1);
    now = 10 * HOUR;
    for (let i = 0; i < 10; i++) desk.tick();
    expect(told).toHaveLength(2);
  });

  it('reminds of what comes and goes unseen by when it was new, and of nothing that is muted, over or less than high', () => {
    let now = 0;
    const { desk, told } = openDesk({ now: () => now });
    const rules = ['again', 'shelved', 'over', 'medium'];
    for (const key of rules) desk.apply({ ...tankLow, key, priority: key === 'medium' ? 'medium' : 'critical', at: 0 });
    desk.act('shelved.0', { kind: 'shelve', by: 'bek', reason: 'cleaning', until: 100 * HOUR });
    now = 3 * HOUR;
    for (const key of ['again', 'over']) desk.apply({ kind: 'return', key, at: now, isHistorical: false });
    desk.apply({ ...tankLow, key: 'again', at: now });
    now = 4 * HOUR;
    told.length = 0;
    desk.tick();
    expect(told).toEqual(['reminder again']);
  });

  it('asks again when a rule says so', () => {
    let now = 0;
    const rules = rulesFor(smallPlant(), [
      { id: 'tank-near-overflow', reAlarmH: 1 },
      { id: 'device-silent', reAlarmH: 2 },
    ]);
    const { desk, told } = openDesk({ rules, now: () => now });
    desk.apply({ ...tankLow, key: 'overflow', rule: 'tank-near-overflow' });
    desk.apply({ ...tankLow, key: 'silent', rule: 'device-silent', priority: 'medium', at: 0 });
    desk.act('silent.0', acknowledge);
    told.length = 0;
    for (now = 0; now < 2 * HOUR; now += 60_000) desk.tick();
    desk.tick();
    expect(told).toEqual(['reminder overflow', 'reminder overflow', 'raised silent']);
  });

  it('counts for its quality what people were told as new, however they came to be told', () => {
    const { desk } = openDesk({ now: () => 5 * HOUR });
    desk.apply(tankLow);
    desk.tick();
    for (const [key, off, on] of [
      ['k1', 'out-of-service', 'in-service'],
      ['k2', 'shelve', 'unshelve'],
    ] as const) {
      desk.apply({ ...tankLow, key });
      const until = 100 * HOUR;
      desk.act(`${key}.1000`, { kind: off, by: 'bek', reason: 'rebuilt', until } as AlarmAction);
      desk.act(`${key}.1000`, { kind: on, by: 'bek' });
    }
    const { announced, topSources } = desk.quality({ from: 0, to: 10 * HOUR, operators: 1 });
    expect(announced).toBe(5);
    expect(topSources.map(({ source, count }) => [source, count])).toEqual([
      ['k1', 2],
      ['k2', 2],
      [tankLow.key, 1],
    ]);
  });

  it('records an episode of the past once, beside the one that is open, and tells nobody', () => {
    const late = { ...tankLow, at: 500, isHistorical: true };
    const first = openDesk();
    first.desk.apply(tankLow);
    first.desk.apply(late);
    first.journal.close();
    const { desk, told } = openDesk({ file: first.file });
    desk.apply({ ...back(800), isHistorical: true });
    desk.apply(late);
    expect(desk.list(EVERYTHING)).toMatchObject([
      { raisedAt: 1000, state: 'unacknowledged', isHistorical: false },
      { raisedAt: 500, returnedAt: 800, state: 'normal', isHistorical: true },
    ]);
    expect([first.told, told]).toEqual([[`raised ${tankLow.key}`], []]);
  });

  it('ends what nothing judges any more', () => {
    const { desk } = openDesk();
    desk.apply(tankLow);
    desk.act(ID, { kind: 'out-of-service', by: 'bek', reason: 'gone' });
    desk.withdraw(tankLow.key);
    expect([desk.standing(), desk.list(EVERYTHING)[0]?.state]).toEqual([[], 'normal']);
  });

  it.each([ACTIVE, EVERYTHING])('lists newest first, by site, priority and time: %j', (query) => {
    const { desk } = openDesk();
    desk.apply(tankLow);
    desk.apply({ ...tankLow, key: 'other', at: 5000, priority: 'low', site: 'naryn' as SiteId });
    expect(desk.list(query).map((a) => a.raisedAt)).toEqual([5000, 1000]);
    expect(desk.list({ ...query, site: 'naryn' }).map((a) => a.key)).toEqual(['other']);
    expect(desk.list({ ...query, priority: 'critical' }).map((a) => a.raisedAt)).toEqual([1000]);
    expect(desk.list({ ...query, to: 5000 }).map((a) => a.raisedAt)).toEqual([1000]);
    expect(desk.list({ ...query, limit: 1 })).toHaveLength(1);
  });

  it.each([ACTIVE, EVERYTHING])('lists the alarms of the server for every site: %j', (query) => {
    const { desk } = openDesk();
    desk.apply(raiseOfServer('disk-low', 1000));
    expect(desk.list({ ...query, site: 'naryn' })).toMatchObject([{ rule: 'disk-low', site: null, device: null }]);
  });
});

describe('a storm of 2,000 conditions at once', () => {
  const storm = Array.from({ length: 2_000 }, (_, i) => ({ ...tankLow, key: `storm.${i}` }));

  it('is in the journal whole, each once, and told in one', () => {
    const { desk, journal, file, messages } = openDesk();
    desk.applyAll(storm);
    expect(desk.health()).toEqual({ unsaved: 0, dropped: 0 });
    expect(messages).toEqual([2_000]);
    journal.close();
    const again = openDesk({ file });
    expect(again.desk.standing()).toHaveLength(2_000);
    expect(new Set(storm.map(({ key }) => again.desk.entriesOf(`${key}.1000`).length))).toEqual(new Set([1]));
  });
});

/** A real SQLite error: another connection holds the journal for writing. Returns how to let go. */
function lockForWriting(file: string): () => void {
  const other = new DatabaseSync(file);
  other.exec('BEGIN IMMEDIATE');
  return () => other.close();
}

describe('the alarm desk with a journal that takes nothing', () => {
  it('tells of the alarm all the same, lists it, and saves it with all that happened once it can', () => {
    const { file, journal, desk } = openDesk();
    const told: Alarm[] = [];
    desk.onChange((alarm) => told.push(alarm));
    const unlock = lockForWriting(file);
    desk.apply(raiseOfServer('store-failing', 1000));
    desk.act('store-failing.1000', acknowledge);
    desk.saveUnsaved();
    expect(told.map(({ state }) => state)).toEqual(['unacknowledged', 'acknowledged']);
    expect([desk.list(ACTIVE).length, desk.list(EVERYTHING).length, desk.health().unsaved]).toEqual([1, 1, 1]);
    expect(desk.entriesOf('store-failing.1000')).toHaveLength(2);

    unlock();
    desk.saveUnsaved();
    expect(desk.health()).toEqual({ unsaved: 0, dropped: 0 });
    journal.close();
    const again = openDesk({ file }).desk;
    expect([again.isActive('store-failing'), again.entriesOf('store-failing.1000').length]).toEqual([true, 2]);
  });

  it('lists an episode that ended meanwhile once, and as ended', () => {
    const { file, desk } = openDesk();
    desk.apply(tankLow);
    desk.act(ID, acknowledge);
    const unlock = lockForWriting(file);
    desk.apply(back(2000));
    expect(desk.health().unsaved).toBe(1);
    expect(desk.list(ACTIVE)).toEqual([]);
    expect(desk.list(EVERYTHING)).toMatchObject([{ state: 'normal', returnedAt: 2000 }]);
    unlock();
  });

  it('keeps a thousand, gives up what is over before what is open, and counts it', () => {
    const { file, desk } = openDesk();
    const unlock = lockForWriting(file);
    desk.apply({ ...tankLow, key: 'open' });
    for (let at = 0; at < 1_000; at++) {
      desk.apply({ ...tankLow, at });
      desk.act(`${tankLow.key}.${at}`, acknowledge);
      desk.apply(back(at));
    }
    expect(desk.health()).toEqual({ unsaved: 1_000, dropped: 1 });
    unlock();
    desk.saveUnsaved();
    const saved = desk.list(EVERYTHING);
    expect([saved.length, saved.some(({ key }) => key === 'open')]).toEqual([1_000, true]);
  });
});

describe('the journal', () => {
  it('takes over the alarms of the first version', () => {
    const { file, journal } = openDesk();
    journal.close();
    const old = `${file}.old`;
    const db = new DatabaseSync(old);
    db.exec(
      'CREATE TABLE alarm (id TEXT PRIMARY KEY, raised_at INTEGER NOT NULL, is_active INTEGER NOT NULL, body TEXT NOT NULL) STRICT',
    );
    const {
      kind: _,
      at,
      isHistorical: __,
      settleS: ___,
      latches: ____,
      detector: _____,
      values: ______,
      ...facts
    } = tankLow;
    const open = { ...facts, id: `k.${at}`, state: 'unacknowledged', raisedAt: at, returnedAt: null };
    const over = { ...facts, id: 'k.1', state: 'normal', raisedAt: 1, returnedAt: 2 };
    for (const alarm of [open, over]) {
      const isActive = Number(alarm.state !== 'normal');
      db.prepare('INSERT INTO alarm VALUES (?, ?, ?, ?)').run(
        alarm.id,
        alarm.raisedAt,
        isActive,
        JSON.stringify(alarm),
      );
    }
    db.close();
    const { desk } = openDesk({ file: old });
    expect(desk.standing()).toMatchObject([
      { id: open.id, shelved: null, suppressedBy: [], isAnnounced: true, askedAt: 1000, clearedAt: null },
    ]);
    expect(desk.entriesOf('k.1').map(({ kind, told }) => [kind, told])).toEqual([
      ['raise', 'raised'],
      ['return', 'cleared'],
    ]);
    expect(desk.act(open.id, acknowledge).ok).toBe(true);
  });

  it('forgets what was over three years ago, bit by bit, and nothing that is open', () => {
    const { desk, journal } = openDesk();
    const YEARS = 3 * 365 * 24 * HOUR;
    desk.apply({ ...tankLow, key: 'open' });
    for (let at = 0; at < 50; at++) {
      desk.apply({ ...tankLow, at });
      desk.act(`${tankLow.key}.${at}`, acknowledge);
      desk.apply(back(at));
    }
    journal.forget(YEARS);
    expect(desk.list(EVERYTHING)).toHaveLength(51);
    const left = [1, 2, 3].map(() => {
      journal.forget(YEARS + 1);
      return desk.list(EVERYTHING).length;
    });
    expect(left).toEqual([31, 11, 1]);
    expect(desk.list(EVERYTHING)).toMatchObject([{ key: 'open' }]);
    expect([desk.entriesOf('open.1000').length, desk.entriesOf(`${tankLow.key}.1`)]).toEqual([1, []]);
  });

  it('forgets the oldest that are over beyond a million events, and waits where the disk takes nothing', () => {
    const { file, desk, journal } = openDesk();
    desk.apply({ ...tankLow, key: 'open' });
    for (const at of [1, 2]) {
      desk.apply({ ...tankLow, at });
      desk.act(`${tankLow.key}.${at}`, acknowledge);
      desk.apply(back(at));
    }
    const db = new DatabaseSync(file);
    // The raise of the open one, then three events of each: the first of the second is the last but a million.
    const last = { ...db.prepare("SELECT * FROM event WHERE alarm = 'open.1000'").get(), seq: 1_000_004 };
    db.prepare(
      "INSERT INTO event SELECT ?, alarm, seen_at, kind, told, body, ? FROM event WHERE alarm = 'open.1000'",
    ).run(last.seq, checksumOf('event', last));
    db.exec('BEGIN IMMEDIATE');
    journal.forget(0);
    db.exec('ROLLBACK');
    db.close();
    const keys = () => desk.list(EVERYTHING).map(({ id }) => id);
    expect(keys()).toHaveLength(3);
    journal.forget(0);
    expect(keys()).toEqual(['open.1000', `${tankLow.key}.2`]);
    expect(desk.entriesOf('open.1000')).toHaveLength(2);
  });

  it('is never changed, and refuses a file of a newer version', () => {
    const { file, desk, journal } = openDesk();
    desk.apply(tankLow);
    journal.close();
    const db = new DatabaseSync(file);
    expect(() => db.exec("UPDATE event SET kind = 'nothing'")).toThrow('never changed');
    db.exec('PRAGMA user_version = 99');
    db.close();
    expect(() => openAlarmJournal(file, { faults: createDataFaults(), now: () => 0 })).toThrow('version 99');
  });
});

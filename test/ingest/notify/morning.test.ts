/** The message of the morning after a night in which nobody would have been told, and for whoever gets no other. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openLedgerFile } from '../../../ingest/alarms/notify/ledger-file.ts';
import { createRunTimes } from '../../../ingest/alarms/notify/run-times.ts';
import type { SiteId } from '../../../model/ids.ts';
import { raiseOfServer } from '../../../model/server-condition.ts';
import { temporaryFolder } from '../../harness/server.ts';
import { back, condition, HOUR, MINUTE, type NotifyWorld, openWorld, person } from './notify-world.ts';

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const EVENING = Date.parse('2026-11-23T22:00:00+06:00');
const aida = person('aida');
const subjects = (world: NotifyWorld) => world.received.map(({ notice }) => notice.subject);

beforeEach(() => {
  vi.useFakeTimers({ now: EVENING, toFake: ['Date', 'setInterval', 'clearInterval', 'setImmediate', 'setTimeout'] });
});
afterEach(() => {
  vi.clearAllTimers();
  vi.useRealTimers();
});

describe('after a night in which the server was off', () => {
  function afterOff(people = [aida]): NotifyWorld {
    const before = openWorld({ people, begin: EVENING });
    vi.setSystemTime(EVENING + 9 * HOUR + 55 * MINUTE);
    return before.crash();
  }

  it('says from when to when it did not run, in each language', async () => {
    const people = ['ky', 'ru', 'en'].map((language) => person(`of-${language}`, { language }));
    const world = afterOff(people);
    await pass(10 * MINUTE);
    expect(subjects(world).toSorted()).toEqual([
      'The server did not run: 23/11, 22:00 – 24/11, 07:55',
      'Сервер иштеген эмес: 23.11, 22:00 – 24.11, 07:55',
      'Сервер не работал: 23.11, 22:00 – 24.11, 07:55',
    ]);
    const [{ notice } = { notice: null }] = world.received;
    expect(notice?.facts.gaps).toEqual([{ kind: 'off', from: EVENING, to: EVENING + 9 * HOUR + 55 * MINUTE }]);
  });

  it('says so beneath what is open, and all is well the morning after', async () => {
    const world = afterOff();
    world.desk.apply(condition('k', { priority: 'medium' }));
    await pass(10 * MINUTE);
    expect(subjects(world)).toEqual(['Open alarms: 1']);
    expect(world.received[0]?.notice.text).toContain('The server did not run: 23/11, 22:00 – 24/11, 07:55');
    world.desk.apply(back('k'));
    world.desk.act(`k.${EVENING + 9 * HOUR + 55 * MINUTE}`, { kind: 'acknowledge', by: 'aida', note: null });
    await pass(24 * HOUR);
    expect(subjects(world).at(-1)).toBe('All is well');
  });
});

it('The message of the morning says nothing of a restart, and names a night that was blind though it sees again', async () => {
  let world = openWorld({ people: [aida], begin: EVENING });
  await pass(HOUR);
  vi.setSystemTime(Date.now() + 2 * MINUTE);
  world = world.crash();
  world.desk.apply(raiseOfServer('own-link', Date.now()));
  world.desk.act(`own-link.${Date.now()}`, { kind: 'acknowledge', by: 'aida', note: null });
  await pass(6 * HOUR);
  world.desk.apply(back('own-link'));
  await pass(4 * HOUR);
  expect(subjects(world).at(-1)).toBe('Was blind: 23/11, 23:02 – 24/11, 05:02');
});

describe('who gets the message of the morning', () => {
  it('is also somebody without a turn who wants it, and nothing else then', async () => {
    const world = openWorld({
      people: [person('mayor', { turn: null, morning: true }), person('guest', { turn: null })],
      begin: EVENING,
    });
    world.desk.apply(condition('k'));
    await pass(11 * HOUR);
    expect(world.received.map(({ notice }) => [notice.facts.person, notice.subject])).toEqual([
      ['mayor', 'Open alarms: 1'],
    ]);
  });

  it('reads of what they want to know, and how much more there is', async () => {
    const world = openWorld({ people: [person('aida', { leastPriority: 'critical' })], begin: EVENING });
    const far = { site: 'far' as SiteId };
    world.desk.applyAll([
      condition('a', { priority: 'medium' }),
      condition('b', { ...far, priority: 'high' }),
      condition('c', { rule: 'tank-empty' }),
    ]);
    await pass(11 * HOUR);
    const morning = world.received.find(({ notice }) => notice.facts.kind === 'morning')?.notice;
    expect(morning?.subject).toBe('Open alarms: 3');
    expect(morning?.text.split('\n')).toEqual(['tank-empty (critical). Where: upper', 'More: 2', '2026-11-24']);
  });
});

describe('the times when the server ran', () => {
  const open = (file = join(temporaryFolder(), 'notify.db')) => {
    const ledger = openLedgerFile(file);
    return { file, ledger, times: createRunTimes(ledger) };
  };

  it('are known after a restart, also in a file of the first version', () => {
    const first = open();
    first.times.note(0);
    first.times.note(4 * MINUTE);
    first.ledger.close();
    const second = open(first.file);
    second.times.note(HOUR);
    expect(second.times.gaps()).toEqual([{ from: 4 * MINUTE, to: HOUR }]);
    second.ledger.close();
    const db = new DatabaseSync(first.file);
    db.exec('DROP TABLE run; PRAGMA user_version = 1');
    db.close();
    expect(open(first.file).times.gaps()).toEqual([]);
  });

  it('are not confused by a clock that was years ahead for a while, nor by one that woke in the past', () => {
    const { times } = open();
    const year = 365 * 24 * HOUR;
    for (const at of [0, MINUTE, year, year + MINUTE, 2 * MINUTE, 3 * MINUTE]) times.note(at);
    expect(times.gaps().filter(({ to }) => to <= 3 * MINUTE)).toEqual([]);
    times.note(HOUR);
    expect(times.gaps().filter(({ to }) => to <= HOUR)).toEqual([{ from: 3 * MINUTE, to: HOUR }]);
  });
});

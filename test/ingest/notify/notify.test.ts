import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { failed } from '../../../ingest/alarms/notify/channels/channel.ts';
import type { SiteId } from '../../../model/ids.ts';
import { raiseOfServer } from '../../../model/server-condition.ts';
import { back, condition, HOUR, MINUTE, NOON, openWorld, person } from './notify-world.ts';

const TITLE = 'tank-low (critical)';
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
/** Two that can be told apart by their addresses. */
const aida = person('aida', { turn: 1, addresses: { telegram: '1' } });
const bek = person('bek', { turn: 2, addresses: { telegram: '2' } });
const acknowledge = { kind: 'acknowledge', by: 'aida', note: null } as const;

beforeEach(() => {
  vi.useFakeTimers({ now: NOON, toFake: ['Date', 'setInterval', 'clearInterval', 'setImmediate', 'setTimeout'] });
});
afterEach(() => {
  vi.clearAllTimers();
  vi.useRealTimers();
});

describe('a critical alarm', () => {
  it('is told at once, repeated every ten minutes three times, then told to the next, until the list ends', async () => {
    const world = openWorld({ people: [aida, bek] });
    world.desk.apply(condition('k'));
    await pass(3 * HOUR);
    const told = (name: string, atMin: number) => `${atMin} ${name}: ${TITLE}`;
    expect(world.pages()).toEqual([
      ...[0, 10, 20, 30].map((at) => told('aida', at)),
      ...[40, 50, 60, 70].map((at) => told('bek', at)),
    ]);
    expect(world.received.map(({ notice }) => /Reminder: \d/.exec(notice.text)?.[0])).toEqual([
      ...[undefined, 'Reminder: 1', 'Reminder: 2', 'Reminder: 3'],
      ...[undefined, 'Reminder: 1', 'Reminder: 2', 'Reminder: 3'],
    ]);
  });

  it('begins anew with the first person when the desk reminds of it', async () => {
    const world = openWorld({ people: [aida, bek] });
    world.desk.apply(condition('k'));
    await pass(4 * HOUR);
    world.remind(`k.${NOON}`);
    await pass(3 * HOUR);
    expect(world.received.map(({ atMin, to }) => [atMin, to])).toEqual(
      [
        ...[0, 10, 20, 30, 240, 250, 260, 270].map((at) => [at, '1']),
        ...[40, 50, 60, 70, 280, 290, 300, 310].map((at) => [at, '2']),
      ].sort(([a], [b]) => Number(a) - Number(b)),
    );
  });

  it('stops asking when somebody acknowledges, and asks anew when it is not over four hours later', async () => {
    const world = openWorld({ people: [aida, bek] });
    world.desk.apply(condition('k'));
    await pass(15 * MINUTE);
    world.desk.act(`k.${NOON}`, acknowledge);
    const ticking = setInterval(world.desk.tick, 1000);
    await pass(4 * HOUR + 5 * MINUTE);
    clearInterval(ticking);
    expect(world.received.map(({ atMin }) => atMin)).toEqual([0, 10, 255]);
  });

  it('goes on after kill -9 where it stood: no step twice, none lost', async () => {
    let world = openWorld({ people: [aida, bek] });
    world.desk.apply(condition('k'));
    for (let i = 0; i < 16; i++) {
      await pass(5 * MINUTE);
      world = world.crash();
      await pass(0);
    }
    expect(world.received.map(({ atMin, to }) => [atMin, to])).toEqual([
      ...[0, 10, 20, 30].map((at) => [at, '1']),
      ...[40, 50, 60, 70].map((at) => [at, '2']),
    ]);
    expect(new Set(world.received.map(({ notice }) => notice.id)).size).toBe(8);
  });

  it('raised just before kill -9 is told after the start', async () => {
    const before = openWorld({ people: [aida] });
    before.desk.apply(condition('k'));
    const world = before.crash();
    await pass(1000);
    expect(world.pages()).toEqual([`0 aida: ${TITLE}`]);
  });

  it('does not pour out, after a night without power, what was missed', async () => {
    const before = openWorld({ people: [aida, bek] });
    before.desk.apply(condition('k'));
    await pass(MINUTE);
    const world = before.crash();
    vi.setSystemTime(NOON + 3 * HOUR);
    await pass(9 * MINUTE);
    expect(world.received.map(({ atMin, to }) => [atMin, to])).toEqual([
      [0, '1'],
      [180, '1'],
    ]);
  });

  it('comes outside the hours, too, and to nobody who looks after other sites', async () => {
    const asleep = person('aida', { hours: { from: '22:00', to: '06:00' }, addresses: { telegram: '1' } });
    const elsewhere = person('bek', { turn: 2, sites: ['far'] });
    const world = openWorld({ people: [asleep, elsewhere] });
    world.desk.apply(condition('k'));
    world.desk.apply(raiseOfServer('store-failing', Date.now()));
    await pass(90 * MINUTE);
    expect(
      world
        .pages()
        .filter((page) => page.includes('tank-low'))
        .every((page) => page.includes('aida')),
    ).toBe(true);
    expect(world.pages().some((page) => page.includes('bek: Readings cannot be stored'))).toBe(true);
  });

  it('goes by the turns of the configuration where it has some', async () => {
    const world = openWorld({ people: [aida, bek], turns: new Map([['upper', ['bek']]]) });
    world.desk.apply(condition('k'));
    await pass(2 * HOUR);
    expect(new Set(world.received.map(({ to }) => to))).toEqual(new Set(['2']));
  });

  it('passes over whoever cannot be reached, and tells them once they can', async () => {
    let isAway = true;
    const world = openWorld({
      people: [aida, bek],
      answer: (_, to) => (to === '1' && isAway ? failed('no network') : { kind: 'sent' }),
    });
    world.desk.apply(condition('k'));
    await pass(14 * MINUTE);
    expect(world.pages()).toEqual([`10 bek: ${TITLE}`]);
    isAway = false;
    await pass(5 * MINUTE);
    expect(world.received.map(({ to }) => to)).toEqual(['2', '1']);
  });

  it('goes at once to the next where the first has an address that is refused for good', async () => {
    const world = openWorld({
      people: [aida, bek],
      answer: (_, to) => (to === '1' ? failed('no such chat', false) : { kind: 'sent' }),
    });
    world.desk.apply(condition('k'));
    await pass(5000);
    expect(world.pages()).toEqual([`0 bek: ${TITLE}`]);
    expect(world.notify.counts()).toMatchObject({ failed: 1, sent: 1, queued: 0 });
  });
});

describe('alarms of less urgency', () => {
  it('of high priority are told once, to the first for whom it is a time for it', async () => {
    const night = person('aida', { turn: 1, addresses: { telegram: '1' }, hours: { from: '20:00', to: '22:00' } });
    const world = openWorld({ people: [night, bek] });
    world.desk.apply(condition('k', { priority: 'high' }));
    await pass(12 * HOUR);
    expect(world.pages()).toEqual(['0 bek: tank-low (high)']);
  });

  it('of high priority wait for the hours of whoever is there, and are not told if they are over by then', async () => {
    const day = person('aida', { hours: { from: '14:00', to: '22:00' } });
    const world = openWorld({ people: [day] });
    world.desk.apply(condition('k', { priority: 'high' }));
    world.desk.apply(condition('gone', { priority: 'high' }));
    await pass(MINUTE);
    world.desk.act(`gone.${NOON}`, acknowledge);
    await pass(HOUR);
    expect(world.pages()).toEqual([]);
    await pass(HOUR);
    expect(world.pages()).toEqual(['90 aida: tank-low (high)']);
  });

  it('of medium and low priority ring nobody', async () => {
    const world = openWorld({ people: [aida] });
    world.desk.applyAll([condition('a', { priority: 'medium' }), condition('b', { priority: 'low' })]);
    await pass(2 * HOUR);
    expect(world.pages()).toEqual([]);
  });

  it('ring nobody who wants more urgent ones only', async () => {
    const world = openWorld({ people: [person('aida', { leastPriority: 'critical' })] });
    world.desk.apply(condition('k', { priority: 'high' }));
    await pass(HOUR);
    expect(world.pages()).toEqual([]);
  });

  it('that belong to the past or are explained by others ring nobody', async () => {
    const world = openWorld({ people: [aida] });
    world.desk.apply(condition('past', { isHistorical: true }));
    world.desk.addWork({
      kind: 'work',
      scope: { site: 'upper', asset: null, circuit: null, zone: null },
      from: NOON,
      to: NOON + HOUR,
      reason: 'digging',
      by: 'bek',
    });
    world.desk.apply(condition('explained'));
    await pass(30 * MINUTE);
    expect(world.pages()).toEqual([]);
  });
});

describe('what was over before anybody acknowledged it', () => {
  it('is told once to whoever was told that it began, and coming again goes on where it stood', async () => {
    const world = openWorld({ people: [aida, bek] });
    world.desk.apply(condition('k'));
    await pass(MINUTE);
    world.desk.apply(back('k'));
    await pass(MINUTE);
    world.desk.apply(condition('k'));
    await pass(MINUTE);
    world.desk.apply(back('k'));
    await pass(HOUR);
    expect(world.pages()).toEqual([`0 aida: ${TITLE}`, '1 aida: Cleared, not acknowledged: tank-low']);
  });
});

describe('a flood', () => {
  it('of 2,000 alarms at once is under ten messages to a person, with the count by site', async () => {
    const world = openWorld({ people: [aida, bek] });
    const storm = Array.from({ length: 2000 }, (_, i) => {
      const site = (i % 4 === 0 ? 'far' : 'upper') as SiteId;
      return condition(`k${i}`, { priority: i % 2 === 0 ? 'critical' : 'high', site });
    });
    world.desk.applyAll(storm);
    await pass(2 * HOUR);
    for (const chat of ['1', '2']) expect(world.received.filter(({ to }) => to === chat).length).toBeLessThan(10);
    const [first, second] = world.received;
    expect([first?.notice.subject, second?.notice.subject].sort()).toEqual(['Alarms: 1500', 'Alarms: 500']);
    expect(first?.notice.text).toContain('Where: ');
    expect(first?.notice.text).toContain('tank-low (critical): ');
    expect(first?.notice.acknowledge).toBeNull();
  });

  it('that comes one by one is under ten messages in an hour, too, and the first few come by themselves', async () => {
    const world = openWorld({ people: [aida] });
    for (let i = 0; i < 600; i++) {
      world.desk.apply(condition(`k${i}`));
      await pass(1000);
    }
    await pass(50 * MINUTE);
    expect(world.received.length).toBeLessThan(10);
    expect(world.pages().slice(0, 4)).toEqual([1, 2, 3, 4].map(() => `0 aida: ${TITLE}`));
    expect(world.received.slice(4).map(({ notice, atMin }) => [notice.facts.kind, atMin])).toEqual(
      [15, 30, 45].map((at) => ['digest', at]),
    );
  });
});

describe('the message of the morning', () => {
  const DAY = 24 * HOUR;
  const evening = Date.parse('2026-11-23T20:00:00+06:00');
  const subjects = (world: ReturnType<typeof openWorld>) => world.received.map(({ notice }) => notice.subject);

  it('comes at eight local time, once a day, over restarts, and says that all is well', async () => {
    vi.setSystemTime(evening);
    let world = openWorld({ people: [aida] });
    await pass(11.9 * HOUR);
    expect(subjects(world)).toEqual([]);
    await pass(0.2 * HOUR);
    world = world.crash();
    await pass(2 * HOUR);
    expect(subjects(world)).toEqual(['All is well']);
    await pass(DAY);
    expect(subjects(world)).toEqual(['All is well', 'All is well']);
  });

  it('says what is open, also of medium priority, and since when nothing can be seen', async () => {
    vi.setSystemTime(evening);
    const world = openWorld({ people: [aida] });
    world.desk.applyAll([condition('a', { priority: 'medium' }), condition('b', { priority: 'low' })]);
    await pass(12.1 * HOUR);
    expect(subjects(world)).toEqual(['Open alarms: 1']);
    expect(world.received[0]?.notice.text).toContain('tank-low (medium). Where: upper');
    world.desk.apply(raiseOfServer('own-link', Date.now()));
    world.desk.act(`own-link.${Date.now()}`, acknowledge);
    await pass(DAY);
    expect(subjects(world).at(-1)).toMatch(/^Blind since: 24\/11, 08:0\d$/);
  });

  it('comes when their hours begin, where that is later, and to nobody who is never told of alarms', async () => {
    vi.setSystemTime(evening);
    const late = person('aida', { hours: { from: '09:30', to: '18:00' } });
    const world = openWorld({ people: [late, person('mayor', { turn: null, addresses: { telegram: '9' } })] });
    await pass(16 * HOUR);
    expect(world.received.map(({ to, atMin }) => [to, atMin])).toEqual([['1', 13.5 * 60]]);
  });
});

describe('the ways to a person', () => {
  const reachable = person('aida', { addresses: { telegram: '1', sms: '+996555123456', email: 'a@example.org' } });

  it('are tried one after the other, and one message takes one way', async () => {
    const tried: string[] = [];
    const world = openWorld({
      people: [reachable],
      answer(channel) {
        tried.push(channel);
        return channel === 'telegram' ? failed('no network') : { kind: 'sent' };
      },
    });
    world.desk.apply(condition('k'));
    await pass(MINUTE);
    expect([tried, world.received.length]).toEqual([['telegram', 'sms'], 1]);
  });

  it('that are all shut are tried again and again, ever more seldom, as long as the alarm asks', async () => {
    let tries = 0;
    const world = openWorld({
      people: [person('aida')],
      answer() {
        tries++;
        return failed('no network');
      },
    });
    world.desk.apply(condition('k'));
    await pass(HOUR);
    expect(tries).toBeGreaterThan(10);
    expect(tries).toBeLessThan(30);
    expect(world.notify.counts()).toMatchObject({ queued: 1, retrying: 1, sent: 0 });
    world.desk.act(`k.${NOON}`, acknowledge);
    await pass(10 * MINUTE);
    expect(world.notify.counts()).toMatchObject({ queued: 0, dropped: 1 });
  });

  it('hold up nobody else while one of them hangs', async () => {
    const world = openWorld({
      people: [aida, bek],
      turns: new Map([['far', ['bek']]]),
      answer: (_, to) => (to === '1' ? new Promise(() => undefined) : { kind: 'sent' }),
    });
    world.desk.applyAll([condition('k'), condition('l', { site: 'far' as SiteId })]);
    await pass(2000);
    expect(world.pages()).toEqual([`0 bek: ${TITLE}`]);
  });
});

describe('the button', () => {
  it('acknowledges in the name of the person whose chat it came to, and of nobody else', async () => {
    const viewer = person('bek', { role: 'viewer', turn: 2, addresses: { telegram: '2' } });
    const world = openWorld({ people: [aida, viewer], turns: new Map([['far', ['bek']]]) });
    world.desk.applyAll([condition('k'), condition('l', { site: 'far' as SiteId })]);
    await pass(1000);
    const button = (chat: string) => world.received.find(({ to }) => to === chat)?.notice.acknowledge?.alarm ?? '';
    expect(`ack:${button('1')}`.length).toBeLessThanOrEqual(64);
    expect(await world.press('2', button('1'))).toBe('You may not do this');
    expect(await world.press('2', button('2'))).toBe('You may not do this');
    expect(await world.press('1', 'nothing')).toBe('You may not do this');
    expect(await world.press('1', button('1'))).toBe('Acknowledged');
    expect(await world.press('1', button('1'))).toBe('Acknowledged before, or over');
    expect(world.desk.get(`k.${NOON}`)?.state).toBe('acknowledged');
    expect(world.desk.entriesOf(`k.${NOON}`).at(-1)).toMatchObject({ by: 'aida', note: 'Telegram' });
  });
});

/** Messages that do not arrive at once: whose sleep they spare, who is told instead, and what nobody knows after kill -9. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { failed, type Sending } from '../../../ingest/alarms/notify/channels/channel.ts';
import { condition, HOUR, MINUTE, NOON, openWorld, person } from './notify-world.ts';

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const DAYTIME = { from: '07:00', to: '22:00' };
const EVENING = Date.parse('2026-11-23T21:55:00+06:00');
const SENT: Sending = { kind: 'sent' };
const AWAY = failed('no network');
const aida = person('aida', { turn: 1, addresses: { telegram: '1' } });
const bek = person('bek', { turn: 2, addresses: { telegram: '2' } });
const acknowledge = { kind: 'acknowledge', by: 'aida', note: null } as const;
const high = { priority: 'high' } as const;

beforeEach(() => {
  vi.useFakeTimers({ now: NOON, toFake: ['Date', 'setInterval', 'clearInterval', 'setImmediate', 'setTimeout'] });
});
afterEach(() => {
  vi.clearAllTimers();
  vi.useRealTimers();
});

describe('hours', () => {
  /** From the evening on; the channel is back at two in the morning. */
  function nightWorld() {
    vi.setSystemTime(EVENING);
    const triedAtMin: number[] = [];
    const world = openWorld({
      people: [person('aida', { hours: DAYTIME })],
      answer() {
        triedAtMin.push(Math.floor((Date.now() - EVENING) / MINUTE));
        return Date.now() < EVENING + 4 * HOUR ? AWAY : SENT;
      },
    });
    return { world, triedAtMin };
  }

  it('keep a message that was not taken in the evening until the morning, and it is not even tried', async () => {
    const { world, triedAtMin } = nightWorld();
    world.desk.apply(condition('k', high));
    await pass(9 * HOUR);
    expect(triedAtMin.every((at) => at < 5)).toBe(true);
    await pass(10 * MINUTE);
    expect(world.pages()).toEqual(['545 aida: tank-low (high)']);
  });

  it('end with nothing to say where it is over by then', async () => {
    const { world } = nightWorld();
    world.desk.apply(condition('k', high));
    await pass(5 * HOUR);
    world.desk.act(`k.${EVENING}`, acknowledge);
    await pass(4 * HOUR + 30 * MINUTE);
    expect(world.pages()).toEqual([]);
    expect(world.notify.counts()).toMatchObject({ queued: 0, dropped: 1 });
  });

  it('hold back what came together with a critical alarm, once that one needs nobody any more', async () => {
    const { world } = nightWorld();
    const others = ['a', 'b', 'c'].map((key) => condition(key, high));
    world.desk.applyAll([condition('k'), ...others]);
    await pass(HOUR);
    world.desk.act(`k.${EVENING}`, acknowledge);
    await pass(8 * HOUR);
    expect(world.pages()).toEqual([]);
    await pass(10 * MINUTE);
    expect(world.pages()).toEqual(['545 aida: Alarms: 4']);
  });
});

describe('an alarm of high priority', () => {
  it('goes to the next when the first was not reached for ten minutes, and then not to the first any more', async () => {
    let isAway = true;
    const world = openWorld({ people: [aida, bek], answer: (_, to) => (to === '1' && isAway ? AWAY : SENT) });
    world.desk.apply(condition('k', high));
    await pass(9 * MINUTE);
    expect(world.pages()).toEqual([]);
    await pass(2 * MINUTE);
    isAway = false;
    await pass(HOUR);
    expect(world.pages()).toEqual(['10 bek: tank-low (high)']);
    expect(world.notify.counts()).toMatchObject({ queued: 0, sent: 1, dropped: 1 });
  });

  it('goes to whoever is awake when the first falls asleep before it was taken', async () => {
    vi.setSystemTime(EVENING);
    const early = person('aida', { turn: 1, addresses: { telegram: '1' }, hours: DAYTIME });
    const world = openWorld({ people: [early, bek], answer: (_, to) => (to === '1' ? AWAY : SENT) });
    world.desk.apply(condition('k', high));
    await pass(HOUR);
    expect(world.pages()).toEqual(['5 bek: tank-low (high)']);
  });
});

it('A clock that is set back makes a message be tried at once, and then as seldom as before', async () => {
  let tries = 0;
  const world = openWorld({
    people: [aida],
    answer() {
      tries++;
      // Tries without end would never let this test end.
      return tries < 100 ? AWAY : new Promise<never>(() => undefined);
    },
  });
  world.desk.apply(condition('k'));
  await pass(10 * MINUTE);
  const before = tries;
  vi.setSystemTime(NOON - 10 * MINUTE);
  await pass(10_000);
  expect(tries - before).toBe(1);
});

describe('what was on its way when the process was killed', () => {
  /** The channel hangs until it is told not to. */
  function hangingWorld(facts: object = {}) {
    const channel = { isHanging: true };
    const tried: { readonly id: string; readonly step: unknown; readonly text: string }[] = [];
    const world = openWorld({
      people: [person('aida', facts), bek],
      answer(_, __, { id, facts: { step }, text }) {
        tried.push({ id, step, text });
        return channel.isHanging ? new Promise<never>(() => undefined) : SENT;
      },
    });
    return { world, channel, tried };
  }
  const DOUBT = 'Sent again: it is not known whether the first arrived';

  it('is in doubt: of a high alarm the next step comes and says so', async () => {
    const { world, channel, tried } = hangingWorld();
    world.desk.apply(condition('k', high));
    await pass(2000);
    channel.isHanging = false;
    const again = world.crash();
    await pass(HOUR);
    expect(tried.map(({ step }) => step)).toEqual([0, 1]);
    expect(new Set(tried.map(({ id }) => id)).size).toBe(2);
    expect(tried.map(({ text }) => text.includes(DOUBT))).toEqual([false, true]);
    expect(again.pages()).toEqual(['0 aida: tank-low (high)']);
  });

  it('counts as told where the alarm is acknowledged by then', async () => {
    const { world, channel, tried } = hangingWorld();
    world.desk.apply(condition('k', high));
    await pass(2000);
    world.desk.act(`k.${NOON}`, acknowledge);
    channel.isHanging = false;
    world.crash();
    await pass(HOUR);
    expect(tried).toHaveLength(1);
  });

  it('is followed, of a critical alarm, by the next step when that is due', async () => {
    const { world, channel, tried } = hangingWorld();
    world.desk.apply(condition('k'));
    await pass(2000);
    channel.isHanging = false;
    const again = world.crash();
    await pass(11 * MINUTE);
    expect(tried.map(({ step }) => step)).toEqual([0, 1]);
    expect(again.pages()).toEqual(['10 aida: tank-low (critical)']);
    expect(tried[1]?.text).toContain(DOUBT);
  });

  it('of many alarms comes again as one message that says so, with a step of its own for each', async () => {
    const { world, channel, tried } = hangingWorld();
    world.desk.applyAll(Array.from({ length: 5 }, (_, i) => condition(`k${i}`, high)));
    await pass(2000);
    channel.isHanging = false;
    const again = world.crash();
    await pass(HOUR);
    expect(again.pages()).toEqual(['15 aida: Alarms: 5']);
    expect(tried.map(({ text }) => text.includes(DOUBT))).toEqual([false, true]);
    expect(again.received[0]?.notice.facts.alarms).toMatchObject(Array.from({ length: 5 }, () => ({ step: 1 })));
  });

  it('of the morning comes again and says so', async () => {
    vi.setSystemTime(Date.parse('2026-11-24T08:00:00+06:00'));
    const { world, channel, tried } = hangingWorld({ turn: null, morning: true });
    await pass(2000);
    channel.isHanging = false;
    const again = world.crash();
    await pass(HOUR);
    const own = again.received.filter(({ notice }) => notice.facts.person === 'aida');
    expect(own.map(({ notice }) => notice.text.includes(DOUBT))).toEqual([true]);
    expect(new Set(tried.map(({ id }) => id)).size).toBe(tried.length);
  });
});

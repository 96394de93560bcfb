/** What people hear of the end of an alarm, and of what an outage leaves behind. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { failed } from '../../../ingest/alarms/notify/channels/channel.ts';
import type { SiteId } from '../../../model/ids.ts';
import { back, condition, HOUR, MINUTE, NOON, openWorld, person } from './notify-world.ts';

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
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

describe('an acknowledged alarm that is over', () => {
  it('is told once, with how long it lasted, to whoever was told of it and to nobody else', async () => {
    const world = openWorld({ people: [aida, bek] });
    world.desk.apply(condition('k', high));
    await pass(MINUTE);
    world.desk.act(`k.${NOON}`, acknowledge);
    await pass(30 * MINUTE);
    world.desk.apply(back('k'));
    await pass(6 * HOUR);
    expect(world.pages()).toEqual(['0 aida: tank-low (high)', '31 aida: Back to normal: tank-low']);
    expect(world.received[1]?.notice.text).toContain('Lasted: 31 min');
  });

  it('of medium priority is told to nobody, as it never was', async () => {
    const world = openWorld({ people: [aida] });
    world.desk.apply(condition('k', { priority: 'medium' }));
    world.desk.act(`k.${NOON}`, acknowledge);
    await pass(MINUTE);
    world.desk.apply(back('k'));
    await pass(HOUR);
    expect(world.pages()).toEqual([]);
  });

  it('wakes nobody unless it was critical, and is no news hours later', async () => {
    vi.setSystemTime(Date.parse('2026-11-23T21:00:00+06:00'));
    const begin = Date.now();
    const world = openWorld({ people: [person('aida', { hours: { from: '07:00', to: '22:00' } })] });
    world.desk.applyAll([condition('k', high), condition('c')]);
    await pass(MINUTE);
    for (const key of ['k', 'c']) world.desk.act(`${key}.${begin}`, acknowledge);
    await pass(2 * HOUR);
    world.desk.applyAll([back('k'), back('c')]);
    await pass(10.9 * HOUR);
    expect(world.pages().slice(2)).toEqual(['121 aida: Back to normal: tank-low']);
    expect(world.received[2]?.notice.facts.alarms).toMatchObject([{ priority: 'critical' }]);
  });

  it('is not told late, when the channel is back after hours', async () => {
    let isAway = false;
    const world = openWorld({ people: [aida], answer: () => (isAway ? failed('no network') : { kind: 'sent' }) });
    world.desk.apply(condition('k'));
    await pass(MINUTE);
    world.desk.act(`k.${NOON}`, acknowledge);
    isAway = true;
    world.desk.apply(back('k'));
    await pass(5 * HOUR);
    isAway = false;
    await pass(HOUR);
    expect(world.pages()).toEqual(['0 aida: tank-low (critical)']);
    expect(world.notify.counts()).toMatchObject({ queued: 0, dropped: 1 });
  });

  it('is not told where it came back while the message waited', async () => {
    let isAway = false;
    const world = openWorld({ people: [aida], answer: () => (isAway ? failed('no network') : { kind: 'sent' }) });
    world.desk.apply(condition('k', high));
    await pass(MINUTE);
    world.desk.act(`k.${NOON}`, acknowledge);
    isAway = true;
    world.desk.apply(back('k'));
    await pass(MINUTE);
    world.desk.apply(condition('k', high));
    isAway = false;
    await pass(HOUR);
    expect(world.received.map(({ notice }) => notice.subject)).toEqual(['tank-low (high)', 'tank-low (high)']);
  });

  it('after it was repeated to several is told to each of them', async () => {
    const world = openWorld({ people: [aida, bek] });
    world.desk.apply(condition('k'));
    await pass(41 * MINUTE);
    world.desk.act(`k.${NOON}`, acknowledge);
    world.desk.apply(back('k'));
    await pass(HOUR);
    expect(world.pages().slice(-2)).toEqual(['41 aida: Back to normal: tank-low', '41 bek: Back to normal: tank-low']);
  });
});

it('What one cause explained comes as one message when it is released, and nothing else joins it', async () => {
  const world = openWorld({ people: [aida] });
  const explained = (site: string, ...keys: readonly string[]): void => {
    const scope = { site, asset: null, circuit: null, zone: null };
    world.desk.addWork({ kind: 'work', scope, from: NOON, to: NOON + HOUR, reason: 'digging', by: 'bek' });
    world.desk.applyAll(keys.map((key) => condition(key, { ...high, site: site as SiteId, settleS: 0 })));
  };
  explained('upper', 'a', 'b');
  explained('far', 'c', 'd');
  await pass(HOUR);
  world.desk.tick();
  world.desk.apply(condition('e', { ...high, settleS: 0 }));
  await pass(2 * HOUR);
  expect(world.pages().toSorted()).toEqual(['60 aida: Alarms: 2', '60 aida: Alarms: 2', '60 aida: tank-low (high)']);
});

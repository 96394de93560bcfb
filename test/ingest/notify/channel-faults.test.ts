/** Each channel against a real server that hangs, refuses or answers late, from the alarm to the person. */
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startNotify } from '../../../ingest/alarms/notify/notify.ts';
import type { SiteId } from '../../../model/ids.ts';
import { CHANNELS, type ChannelName } from '../../../model/person.ts';
import { openDesk } from '../../harness/alarms.ts';
import { silentLog } from '../../harness/readings.ts';
import { temporaryFolder } from '../../harness/server.ts';
import { villagePlant } from '../alarms/village-world.ts';
import { NO_MODEM_LINE } from './modem-line.ts';
import { condition, NOON, person } from './notify-world.ts';
import { type Mood, type Receiver, startReceiver } from './receivers.ts';

const ended: (() => unknown)[] = [];
const finallyDo = (end: () => unknown): void => void ended.push(end);
let clockMs: number;

/** The channels' own time limits are real; the server's clock and its looks once a second are not. */
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  clockMs = NOON;
});
afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end();
  vi.useRealTimers();
});

function passSeconds(seconds: number): void {
  for (let i = 0; i < seconds; i++) {
    clockMs += 1000;
    vi.advanceTimersByTime(1000);
  }
}

/** Aida has a receiver that is out of sorts, Bek a good one on another channel; each looks after a site. */
async function startWorld(name: ChannelName, mood: Mood, timeoutMs: number) {
  const receiver = await startReceiver(name, { mood, timeoutMs, finallyDo });
  const other = await startReceiver(name === 'webhook' ? 'telegram' : 'webhook', {
    mood: 'well',
    timeoutMs: 10_000,
    finallyDo,
  });
  const of = (who: string, { name: channel, address }: Receiver) =>
    person(who, { language: 'ky', addresses: { [channel]: address } });
  const people = [of('aida', receiver), of('bek', other)];
  const warnings: object[] = [];
  const [plant, dataDir] = [villagePlant(), temporaryFolder()];
  const turns = new Map([
    ['upper', ['aida']],
    ['far', ['bek']],
  ]);
  const { desk } = openDesk({ plant, file: join(dataDir, 'alarms.db'), now: () => clockMs });
  const notify = startNotify(
    { plant, rules: [], dataDir, turns, morningAt: '08:00', heartbeat: null },
    {
      alarms: desk,
      people: { list: () => people, get: (who) => people.find((each) => each.name === who) },
      openChannels: () => new Map([receiver, other].map((each) => [each.name, each.channel])),
      now: () => clockMs,
      log: { ...silentLog, warn: (facts) => warnings.push(facts) },
    },
  );
  finallyDo(() => notify.stop());
  const at = { at: clockMs };
  desk.applyAll([condition('k', at), condition('l', { ...at, site: 'far' as SiteId })]);
  return { receiver, other, notify, warnings };
}

/** A second of the server passes with each look. */
const soon = (isSo: () => unknown) =>
  expect.poll(
    () => {
      passSeconds(1);
      return isSo();
    },
    { interval: 20, timeout: 10_000 },
  );

describe.each(CHANNELS)('%s', (name) => {
  beforeEach(({ skip }) => {
    if (name === 'sms' && NO_MODEM_LINE) skip(NO_MODEM_LINE);
  });

  it.each(['hangs', 'refuses'] as const)('that %s: is logged once, tried again, and the rest goes on', async (mood) => {
    const { receiver, other, notify, warnings } = await startWorld(name, mood, 1_000);
    await expect.poll(() => other.texts.length).toBe(1);
    expect(receiver.texts).toEqual([]);
    await soon(() => receiver.attempts).toBe(2);
    receiver.mood = 'well';
    await soon(() => notify.counts()).toMatchObject({ sent: 2, queued: 0 });
    passSeconds(60);
    expect(receiver.texts).toEqual([expect.stringContaining('Кайда: upper\nКөрсөткүч: ')]);
    expect(warnings).toEqual([{ person: 'aida', reason: expect.stringMatching(`^${name}: `) }]);
  });

  it('that answers late, but in time, has the message once', async () => {
    const { receiver, notify, warnings } = await startWorld(name, 'late', 10_000);
    await expect.poll(() => receiver.attempts, { timeout: 5_000 }).toBe(1);
    passSeconds(60);
    await expect.poll(() => notify.counts(), { timeout: 5_000 }).toMatchObject({ sent: 2, queued: 0 });
    passSeconds(60);
    expect([receiver.attempts, receiver.texts.length, warnings]).toEqual([1, 1, []]);
  });
});

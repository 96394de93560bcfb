/** Ingest with a real store, on a machine whose clock is wrong (contract 2.4). */
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createDataFaults } from '../../ingest/data-faults.ts';
import { type Ingest, startIngest } from '../../ingest/ingest.ts';
import { openSqliteStore } from '../../ingest/store/sqlite-store.ts';
import { parseDeviceTopic } from '../../model/topic.ts';
import { silentLog, smallPlant } from '../harness/readings.ts';
import { temporaryFolder } from '../harness/server.ts';

const MIN = 60_000;
const HOUR = 60 * MIN;
const YEAR = 365 * 24 * HOUR;
const RELEASED = Date.UTC(2026, 10, 23);
const BEGIN = RELEASED + YEAR;

const everything = { activeOnly: false, from: 0, to: 1e14, limit: 100 };

describe('ingest on a machine with a wrong clock', () => {
  const time = { trueMs: BEGIN, offMs: 0 };
  let dataDir: string;
  let ingest: Ingest;
  let stop: () => Promise<void>;

  async function start() {
    const store = await openSqliteStore(join(dataDir, 'readings.db'));
    const clock = {
      now: () => time.trueMs + time.offMs,
      uptimeMs: () => time.trueMs - BEGIN,
      isUnsynchronised: () => false,
    };
    const options = { plant: smallPlant(), rules: [], dataDir, releasedAtMs: RELEASED };
    ingest = await startIngest(options, { store, log: silentLog, clock, dataFaults: createDataFaults() });
    stop = async () => {
      await ingest.stop();
      await store.stop();
    };
  }

  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    Object.assign(time, { trueMs: BEGIN, offMs: 0 });
    dataDir = temporaryFolder();
    await start();
  });
  afterEach(async () => {
    await stop();
    vi.useRealTimers();
  });

  const wait = (ms: number) => {
    for (let passed = 0; passed < ms; passed += 1_000) {
      time.trueMs += 1_000;
      vi.advanceTimersByTime(1_000);
    }
  };
  const send = (device: string, payload: unknown) => {
    const topic = parseDeviceTopic(`aimak/v1/toru/${device}/telemetry`);
    if (!topic) throw new Error(device);
    return ingest.take(topic, Buffer.from(JSON.stringify(payload)));
  };
  /** Each by its own clock, which is right. */
  const sendAll = async () => {
    await send('tank-1-level', { ts: time.trueMs, values: { level: 2 } });
    await send('pump-1', { ts: time.trueMs, values: { active_power: 5000 } });
    await send('plain', { ts: time.trueMs, values: { pressure: 3 } });
  };
  const live = (device: string) => ingest.live.values().find((value) => value.device === device);
  const alarms = () => ingest.alarms.list(everything).map(({ rule, state }) => [rule, state]);

  it.each([
    ['wakes in 1970', 'before-release', () => -time.trueMs + MIN],
    ['jumped back a year and a half', 'before-release', () => -1.5 * YEAR],
    ['jumped back half a year', 'behind-readings', () => -0.5 * YEAR],
  ])('rejects no good reading and opens one alarm when the clock %s', async (_, reason, offMs) => {
    await sendAll();
    await stop();
    time.offMs = offMs();
    await start();
    for (let minute = 0; minute < 5; minute++) {
      await sendAll();
      wait(MIN);
    }
    expect(ingest.health()).toMatchObject({
      status: 'degraded',
      clock: { ok: false, reason },
      ingest: { received: 15, rejected: {} },
    });
    expect(alarms()).toEqual([['server-clock', 'unacknowledged']]);
    expect(ingest.live.values().map((value) => value.quality)).toEqual(['good', 'good', 'good']);

    time.offMs = 0;
    wait(11_000);
    expect(ingest.health()).toMatchObject({ status: 'ok', clock: { ok: true, reason: null } });
    expect(alarms()).toEqual([['server-clock', 'returned-unacknowledged']]);
    expect(ingest.live.values().map((value) => value.quality)).toEqual(['good', 'good', 'good']);
  });

  it('takes the first reading after a jump back, before anybody has looked', async () => {
    await sendAll();
    time.offMs = -0.5 * YEAR;
    await sendAll();
    await send('tank-1-level', { ts: time.trueMs + 1, values: { level: 2.1 } });
    expect(ingest.health().ingest.rejected).toEqual({});
    expect(live('tank-1-level')).toMatchObject({ value: 2.1, quality: 'good' });
  });

  it('stores the very first readings of a plant while it wakes in 1970', async () => {
    time.offMs = -time.trueMs;
    await sendAll();
    wait(1_000);
    expect(ingest.health()).toMatchObject({ ingest: { stored: 3, rejected: {} } });
    expect(ingest.now()).toBe(time.trueMs);
  });

  it('gives a message without a time the one that the other devices agree on', async () => {
    await sendAll();
    time.offMs = -0.5 * YEAR;
    wait(MIN);
    await send('plain', { flow_rate: 7 });
    expect(ingest.live.values().find(({ metric }) => metric === 'flow_rate')).toMatchObject({
      ts: time.trueMs,
      quality: 'uncertain',
    });
  });

  it('lets a silent device become stale while the clock is wrong', async () => {
    await sendAll();
    time.offMs = -0.5 * YEAR;
    wait(4 * MIN);
    expect(live('tank-1-level')?.quality).toBe('stale');
  });

  it('rejects a device that is 3 h ahead while the clock is right, and opens no alarm', async () => {
    await sendAll();
    await send('plain', { ts: time.trueMs + 3 * HOUR, values: { pressure: 3 } });
    wait(MIN);
    expect(ingest.health()).toMatchObject({ status: 'ok', ingest: { rejected: { 'time-in-future': 1 } } });
    expect(alarms()).toEqual([]);
  });

  it('is not held up by one device that was let in years ahead meanwhile', async () => {
    await sendAll();
    time.offMs = -0.5 * YEAR;
    await send('plain', { ts: time.trueMs + 5 * YEAR, values: { pressure: 3 } });
    await sendAll();
    time.offMs = 0;
    wait(11_000);
    expect(ingest.health()).toMatchObject({ status: 'ok', clock: { ok: true } });
    await send('tank-1-level', { ts: time.trueMs + 3 * HOUR, values: { level: 2 } });
    expect(ingest.health().ingest.rejected).toEqual({ 'time-in-future': 1 });
  });

  it('rejects a time beyond the life of this version also while the clock is wrong', async () => {
    time.offMs = -time.trueMs;
    await send('plain', { ts: Date.UTC(2055, 0, 1), values: { pressure: 3 } });
    expect(ingest.health().ingest.rejected).toEqual({ 'time-in-future': 1 });
  });

  /** Of a device without a clock: the server's time is all there is. */
  const sendPlain = () => send('plain', { pressure: 3 });
  const stamps = () => ingest.health().clock.stamps;

  it('lists what it stamped before a clock without a word for it came back, over a restart too', async () => {
    await sendPlain();
    time.offMs = YEAR;
    const aheadMs = time.trueMs + YEAR;
    await sendPlain();
    wait(MIN);
    await sendPlain();
    expect(ingest.health().clock).toMatchObject({ ok: false, reason: 'jumped-ahead' });
    expect(alarms()).toEqual([['server-clock', 'unacknowledged']]);
    time.offMs = 0;
    wait(1_000);
    const listed = { why: 'set-back', readings: 2, offMs: -YEAR, fromTs: aheadMs, toTs: aheadMs + MIN, run: BEGIN };
    expect(stamps()).toMatchObject({ total: 1, last: [listed] });
    await stop();
    await start();
    expect(stamps()).toMatchObject({ total: 1, last: [listed] });
  });

  it('lists what the run before stamped in what is the future now', async () => {
    time.offMs = 12 * YEAR;
    await stop();
    await start();
    await sendPlain();
    wait(1_000);
    await sendPlain();
    await stop();
    time.offMs = 0;
    await start();
    expect(stamps().last[0]).toMatchObject({ why: 'future', readings: 2, offMs: null, fromTs: BEGIN + 12 * YEAR });
    await sendPlain();
    expect(live('plain')).toMatchObject({ ts: time.trueMs, quality: 'uncertain' });
  });

  it('lists a device that told of a time which cannot be, and shows what it said before', async () => {
    await sendAll();
    await stop();
    time.offMs = -time.trueMs;
    await start();
    await sendAll();
    await send('plain', { ts: time.trueMs + 10 * YEAR, values: { pressure: 9 } });
    time.offMs = 0;
    wait(2_000);
    expect(live('plain')).toMatchObject({ value: 3 });
    expect(stamps().last).toMatchObject([{ why: 'device-ahead', device: 'plain', metric: 'pressure', readings: 1 }]);
  });

  it('lists a device that goes on saying another impossible time once, and lets its entry grow', async () => {
    await sendAll();
    await stop();
    time.offMs = -time.trueMs;
    await start();
    for (let i = 0; i < 5; i++) {
      await sendAll();
      await send('plain', { ts: time.trueMs + (10 + i) * YEAR, values: { pressure: 9 } });
      wait(2_000);
    }
    time.offMs = 0;
    wait(2_000);
    const ofPlain = stamps().last.filter(({ device }) => device === 'plain');
    expect(ofPlain).toHaveLength(1);
    expect(ofPlain[0]?.readings ?? 0).toBeGreaterThan(1);
  });

  it('lets nothing grow old by a clock that nobody has a word for', async () => {
    await sendPlain();
    wait(2_000);
    time.offMs = 12 * YEAR;
    wait(2 * HOUR);
    expect(ingest.health().clock.ok).toBe(true);
    expect(ingest.agingNow()).toBeLessThanOrEqual(time.trueMs);
    await stop();
    await start();
    wait(MIN);
    expect(ingest.agingNow()).toBeLessThanOrEqual(time.trueMs);
  });

  it('loses no receipt whose time was given before by the clock that was set back', async () => {
    for (let i = 0; i < 60; i++) {
      await send('plain', { pressure: i % 7 });
      wait(1_000);
    }
    time.offMs = -MIN;
    for (let i = 0; i < 60; i++) {
      await send('plain', { pressure: (i + 3) % 7 });
      wait(1_000);
    }
    expect(ingest.health().ingest).toMatchObject({ stored: 120, duplicates: 0, rejected: {} });
  });
});

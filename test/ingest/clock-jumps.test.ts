/** Ingest with a real store while the server's clock jumps and comes back: what is live, and what alarms (contract 2.4, ADR 0021). */
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createDataFaults } from '../../ingest/data-faults.ts';
import { type Ingest, startIngest } from '../../ingest/ingest.ts';
import { openSqliteStore } from '../../ingest/store/sqlite-store.ts';
import { parseDeviceTopic } from '../../model/topic.ts';
import { rulesFor } from '../harness/detect.ts';
import { silentLog, smallPlant } from '../harness/readings.ts';
import { temporaryFolder } from '../harness/server.ts';

const S = 1_000;
const MIN = 60 * S;
const HOUR = 60 * MIN;
const DAY = 24 * HOUR;
const RELEASED = Date.UTC(2026, 10, 23);
const BEGIN = RELEASED + 100 * DAY;
/** All devices of the plant report once a minute. */
const INTERVAL = MIN;

const JUMPS: readonly (readonly [string, number])[] = [
  ['11 min ahead', 11 * MIN],
  ['11 min behind', -11 * MIN],
  ['an hour ahead', HOUR],
  ['an hour behind', -HOUR],
  ['a day ahead', DAY],
  ['a day behind', -DAY],
  ['to 1970', -BEGIN],
  ['to 2038', Date.UTC(2038, 0, 19, 3, 14, 8) - BEGIN],
  ['to 2106', Date.UTC(2106, 1, 7, 6, 28, 16) - BEGIN],
];
const DEVICES = ['with a clock', 'without a clock', 'of both kinds'] as const;
type Devices = (typeof DEVICES)[number];

const time = { trueMs: BEGIN, offMs: 0, upFromMs: BEGIN };
const plant = smallPlant();
const rules = rulesFor(plant, [{ id: 'tank-low', below: '1.0 m' }]);
let dataDir: string;
let ingest: Ingest;
let stop: () => Promise<void>;

async function start() {
  const store = await openSqliteStore(join(dataDir, 'readings.db'));
  time.upFromMs = time.trueMs;
  const clock = {
    now: () => time.trueMs + time.offMs,
    uptimeMs: () => time.trueMs - time.upFromMs,
    isUnsynchronised: () => false,
  };
  const options = { plant, rules, dataDir, releasedAtMs: RELEASED };
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

function wait(ms: number) {
  for (let passed = 0; passed < ms; passed += S) {
    time.trueMs += S;
    vi.advanceTimersByTime(S);
  }
}

function send(device: string, payload: unknown) {
  const topic = parseDeviceTopic(`aimak/v1/toru/${device}/telemetry`);
  if (!topic) throw new Error(device);
  return ingest.take(topic, Buffer.from(JSON.stringify(payload)));
}

/** One report of each, by a clock that is right or by none. */
async function report(devices: Devices, level: number) {
  const own = { ts: time.trueMs };
  const [first, other] = devices === 'with a clock' ? [own, own] : devices === 'without a clock' ? [{}, {}] : [own, {}];
  await send('pump-1', { ...first, values: { active_power: 5000, pump_running: 1 } });
  await send('plain', { ...first, values: { pressure: 3 } });
  await send('tank-1-level', { ...other, values: { level } });
}

async function reportFor(devices: Devices, level: number, times: number) {
  for (let i = 0; i < times; i++) {
    await report(devices, level);
    wait(INTERVAL);
  }
}

const live = (metric: string) => ingest.live.values().find((value) => value.metric === metric);
const active = () =>
  ingest.alarms
    .list({ activeOnly: true, from: -1e15, to: 1e15, limit: 100 })
    .filter(({ clearedAt }) => clearedAt === null)
    .map(({ rule }) => rule)
    .filter((rule) => rule !== 'server-clock' && rule !== 'device-clock-off');

/** Within two intervals: by the third report after it. */
async function expectRight(devices: Devices) {
  await reportFor(devices, 0.5, 2);
  await report(devices, 0.5);
  vi.advanceTimersByTime(S);
  expect(live('level')).toMatchObject({ value: 0.5, quality: expect.stringMatching(/good|uncertain/) });
  expect(live('pump_running')?.quality).toMatch(/good|uncertain/);
  expect(active()).toEqual(['tank-low']);
  wait(INTERVAL);
  await reportFor(devices, 2, 2);
  await report(devices, 2.1);
  vi.advanceTimersByTime(S);
  expect(live('level')).toMatchObject({ value: 2.1, quality: expect.stringMatching(/good|uncertain/) });
  expect(active()).toEqual([]);
}

async function restart() {
  await stop();
  time.trueMs += 20 * S;
  await start();
}

describe.each(DEVICES)('devices %s', (devices) => {
  describe.each(JUMPS)('a clock that jumps %s', (_, offMs) => {
    it('while it runs, and back: live values and alarms are right within two intervals', async () => {
      await reportFor(devices, 2, 5);
      time.offMs = offMs;
      await expectRight(devices);
      wait(30 * S);
      time.offMs = 0;
      await expectRight(devices);
      expect(ingest.health().ingest).toMatchObject({ rejected: {}, duplicates: 0 });
    });

    it('at the start, and back at the next: the same', async () => {
      await reportFor(devices, 2, 5);
      time.offMs = offMs;
      await restart();
      await expectRight(devices);
      time.offMs = 0;
      await restart();
      await expectRight(devices);
    });

    it('makes nobody silent, and lets nobody stay who is', async () => {
      await reportFor(devices, 2, 5);
      time.offMs = offMs;
      await reportFor(devices, 2, 15);
      expect(active()).toEqual([]);
      wait(4 * INTERVAL);
      expect(live('level')?.quality).toBe('stale');
      wait(15 * MIN);
      expect(active()).toContain('device-silent');
    });
  });
});

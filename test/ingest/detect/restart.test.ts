/** Detectors within ingest, with a real store and journal: what a restart may not lose. */
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createDataFaults } from '../../../ingest/data-faults.ts';
import { type Ingest, startIngest } from '../../../ingest/ingest.ts';
import { openSqliteStore } from '../../../ingest/store/sqlite-store.ts';
import { parseDeviceTopic } from '../../../model/topic.ts';
import { rulesFor } from '../../harness/detect.ts';
import { silentLog, smallPlant } from '../../harness/readings.ts';
import { temporaryFolder } from '../../harness/server.ts';

const S = 1_000;
const MIN = 60 * S;
const BEGIN = Date.UTC(2027, 0, 1);

const plant = smallPlant();
const rules = rulesFor(plant, [{ id: 'tank-low', below: 1, onDelayS: 300 }]);

let nowMs: number;
let dataDir: string;
let ingest: Ingest;
let stop: () => Promise<void>;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  nowMs = BEGIN;
  dataDir = temporaryFolder();
  await start();
});
afterEach(async () => {
  await stop();
  vi.useRealTimers();
});

async function start(): Promise<void> {
  const startedMs = nowMs;
  const store = await openSqliteStore(join(dataDir, 'readings.db'));
  const clock = { now: () => nowMs, uptimeMs: () => nowMs - startedMs, isUnsynchronised: () => false };
  const options = { plant, rules, dataDir, releasedAtMs: 0 };
  ingest = await startIngest(options, { store, log: silentLog, clock, dataFaults: createDataFaults() });
  stop = async () => {
    await ingest.stop();
    await store.stop();
  };
}

function wait(ms: number): void {
  for (let passed = 0; passed < ms; passed += S) {
    nowMs += S;
    vi.advanceTimersByTime(S);
  }
}

async function send(values: object): Promise<void> {
  const topic = parseDeviceTopic('aimak/v1/toru/tank-1-level/telemetry');
  if (!topic) throw new Error('no topic');
  await ingest.take(topic, Buffer.from(JSON.stringify({ ts: nowMs, values })));
}

/** A level a minute. */
async function sendFor(minutes: number, level: number): Promise<void> {
  for (let minute = 0; minute < minutes; minute++) {
    await send({ level: level + (minute % 3) / 100 });
    wait(MIN);
  }
}

const active = () => ingest.alarms.activeKeys();

it('goes on with an on-delay where it was', async () => {
  await sendFor(4, 0.5);
  await stop();
  await start();
  await sendFor(1, 0.5);
  expect(active()).toEqual([]);
  await send({ level: 0.5 });
  expect(active()).toEqual(['tank-low.tank-1-level']);
});

it('goes on with a silence where it was, without the time that the server was away', async () => {
  await send({ level: 2 });
  wait(8 * MIN + 30 * S);
  await stop();
  nowMs += 60 * MIN;
  await start();
  // A whole minute of it may be lost.
  wait(90 * S);
  expect(active()).toEqual([]);
  wait(90 * S);
  expect(active()).toContain('device-silent.tank-1-level');
});

it('opens an alarm once, keeps it over a restart, and closes it', async () => {
  await sendFor(7, 0.5);
  await stop();
  await start();
  await sendFor(2, 0.5);
  expect(active()).toEqual(['tank-low.tank-1-level']);
  await sendFor(3, 2);
  expect(active()).toEqual([]);
  expect(ingest.alarms.list({ activeOnly: false, from: 0, to: 1e14, limit: 10 }).length).toBe(1);
});

it('pages nobody for what is late, and has it on record', async () => {
  const announced: unknown[] = [];
  ingest.alarms.onAnnounce((announcements) => announced.push(...announcements));
  const topic = parseDeviceTopic('aimak/v1/toru/tank-1-level/telemetry');
  if (!topic) throw new Error('no topic');
  const frames = Array.from({ length: 30 }, (_, i) => ({
    ts: BEGIN - (300 - i) * MIN,
    values: { level: i < 20 ? 0.5 : 2 },
  }));
  await ingest.take(topic, Buffer.from(JSON.stringify(frames)));
  wait(2 * MIN);
  expect(active()).toEqual([]);
  expect(announced).toEqual([]);
  const past = ingest.alarms.list({ activeOnly: false, from: 0, to: 1e14, limit: 10 });
  expect(past).toMatchObject([{ rule: 'tank-low', isHistorical: true, state: 'normal', raisedAt: BEGIN - 295 * MIN }]);
});

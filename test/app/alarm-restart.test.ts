/** kill -9 in the middle of delays, shelves and acknowledgements: nothing of it is lost. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import mqtt from 'mqtt';
import { expect, it } from 'vitest';
import type { AlarmWire } from '../../dashboard/wire.ts';
import type { JournalEntry } from '../../model/alarm.ts';
import type { Work } from '../../model/work.ts';
import { eventually, startServer, type TestServer } from '../harness/server.ts';

const BEGIN = Date.now() - 300_000;
const LEVEL = 'aimak/v1/my-village/tank-1-level/telemetry';

async function send(server: TestServer, ...readings: readonly (readonly [number, number])[]): Promise<void> {
  const device = await mqtt.connectAsync(server.mqttUrl);
  const frames = readings.map(([second, level]) => ({ ts: BEGIN + second * 1000, values: { level } }));
  await device.publishAsync(LEVEL, JSON.stringify(frames), { qos: 1 });
  await device.endAsync();
}

async function post(server: TestServer, path: string, body: object): Promise<unknown> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${server.url}/api/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  expect(response.status).toBe(200);
  return response.json();
}

const tankLow = async (server: TestServer): Promise<AlarmWire[]> =>
  (await server.get<AlarmWire[]>('/api/alarms')).filter(({ rule }) => rule === 'tank-low');

it('goes on with a shelf, with who did what, and with works', async () => {
  const before = await startServer();
  await send(before, [0, 0.5]);
  const [alarm] = await tankLow(before);
  const id = alarm?.id ?? '';
  const until = Date.now() + 3_600_000;
  await post(before, `alarms/${id}/acknowledge`, { note: 'on my way' });
  await post(before, `alarms/${id}/shelve`, { reason: 'cleaning', until });
  await post(before, 'works', { asset: 'tank-1', to: until, reason: 'cleaning' });
  await before.kill();

  const server = await startServer({ dataDir: before.dataDir });
  const work = (await server.get<Work[]>('/api/works'))[0];
  expect(work).toMatchObject({ by: 'admin', scope: { asset: 'tank-1' } });
  expect(await tankLow(server)).toMatchObject([
    { id, state: 'acknowledged', shelved: { by: 'admin', reason: 'cleaning', until }, suppressedBy: [work?.id] },
  ]);
  const journal = await server.get<JournalEntry[]>(`/api/alarms/${id}/journal`);
  expect(journal.map(({ kind, by, note }) => [kind, by, note])).toEqual([
    ['raise', null, null],
    ['acknowledge', 'admin', 'on my way'],
    ['shelve', 'admin', 'cleaning'],
    ['suppress', null, null],
  ]);
  expect(await server.stop()).toBe(0);
});

it('ends a shelf at its time, though the server was away meanwhile, and tells the alarm', async () => {
  const before = await startServer();
  await send(before, [0, 0.5]);
  const id = (await tankLow(before))[0]?.id ?? '';
  await post(before, `alarms/${id}/acknowledge`, {});
  const until = Date.now() + 3_000;
  await post(before, `alarms/${id}/shelve`, { reason: 'cleaning', until });
  await before.kill();
  const killedAt = Date.now();

  const server = await startServer({ dataDir: before.dataDir });
  await eventually(
    () => tankLow(server),
    ([alarm]) => alarm?.shelved === null,
  );
  expect(await tankLow(server)).toMatchObject([{ id, state: 'unacknowledged' }]);
  const journal = await server.get<JournalEntry[]>(`/api/alarms/${id}/journal`);
  expect(journal.map(({ kind, told }) => [kind, told]).slice(2)).toEqual([
    ['shelve', null],
    ['shelf-over', 'raised'],
  ]);
  expect(journal.at(-1)?.seenAt).toBeGreaterThanOrEqual(Math.max(until, killedAt));
  expect(await server.stop()).toBe(0);
});

it('goes on with a delay that was running', async () => {
  const before = await startServer();
  await send(before, [0, 2], [30, 2], [40, 0.4]);
  const db = new DatabaseSync(join(before.dataDir, 'alarms.db'), { readOnly: true });
  const kept = db.prepare("SELECT body FROM detector_memory WHERE body LIKE '%tank-low%'");
  await eventually(
    () => kept.get(),
    (row) => row !== undefined,
    25_000,
  );
  db.close();
  await before.kill();

  const server = await startServer({ dataDir: before.dataDir });
  await send(server, [70, 0.4]);
  expect(await tankLow(server)).toEqual([]);
  await send(server, [101, 0.4]);
  expect(await tankLow(server)).toMatchObject([{ raisedAt: BEGIN + 101_000 }]);
  expect(await server.stop()).toBe(0);
});

/** A damaged `alarms.db` under a real server, and `aimak repair` on its folder. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import mqtt from 'mqtt';
import { expect, it } from 'vitest';
import type { AlarmWire } from '../../dashboard/wire.ts';
import type { DataFault } from '../../model/data-fault.ts';
import { eventually, ROOT, runAimak, startServer, type TestServer, temporaryFolder } from '../harness/server.ts';

/** A reading of so many intervals of the device after the first. */
async function sendLevel(server: TestServer, level: number, interval = 0): Promise<void> {
  const device = await mqtt.connectAsync(server.mqttUrl);
  const frame = { ts: BEGIN + interval * 300_000, values: { level } };
  await device.publishAsync('aimak/v1/my-village/tank-1-level/telemetry', JSON.stringify(frame), { qos: 1 });
  await device.endAsync();
}

const BEGIN = Date.now() - 300_000;

const alarmsOf = (server: TestServer, rule: string): Promise<AlarmWire[]> =>
  server.get<AlarmWire[]>('/api/alarms').then((alarms) => alarms.filter((alarm) => alarm.rule === rule));

const dataOf = async (server: TestServer) =>
  (await server.get<{ data: { total: number; first: DataFault[] } }>('/api/health')).data;

const config = ['--config', join(ROOT, 'config/first-device/aimak.yaml')];

it('judges a critical alarm anew whose row is damaged, tells of the damage, and ends that with repair', async () => {
  const before = await startServer();
  const { dataDir } = before;
  await sendLevel(before, 0.5);
  const [alarm] = await alarmsOf(before, 'tank-low');
  await fetch(`${before.url}/api/alarms/${alarm?.id}/acknowledge`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  });
  await before.stop();
  const db = new DatabaseSync(join(dataDir, 'alarms.db'));
  db.exec(`UPDATE alarm SET body = replace(body, '"value":0.5', '"value":2.5')`);
  db.close();

  const damaged = await startServer({ dataDir });
  expect(await alarmsOf(damaged, 'tank-low')).toEqual([]);
  await eventually(
    () => alarmsOf(damaged, 'data-damaged'),
    ([found]) => found?.state === 'unacknowledged',
  );
  expect(await damaged.health()).toMatchObject({ status: 'degraded' });
  expect(await dataOf(damaged)).toMatchObject({ first: [{ file: 'alarms.db', kind: 'damaged' }] });
  await sendLevel(damaged, 0.6, 1);
  expect(await alarmsOf(damaged, 'tank-low')).toMatchObject([{ state: 'unacknowledged', value: 0.6 }]);
  const refused = await runAimak(['repair', 'alarms.db', ...config, '--data-dir', dataDir]);
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('another Aimak Watch is running on it') });
  await damaged.stop();

  const repaired = await runAimak(['repair', 'alarms.db', ...config, '--data-dir', dataDir]);
  expect(repaired).toMatchObject({ code: 1, stderr: '', stdout: expect.stringMatching(/saved: \d+ alarms/) });
  expect(repaired.stdout).toContain('lost: 1 alarms that the server had set aside as damaged');
  expect(await runAimak(['repair', 'alarms.db', ...config, '--data-dir', dataDir])).toMatchObject({
    code: 0,
    stdout: 'alarms.db: nothing is wrong with it\n',
  });

  const after = await startServer({ dataDir });
  expect(await dataOf(after)).toEqual({ total: 0, first: [] });
  expect(await after.health()).toMatchObject({ status: 'ok' });
  await eventually(
    () => alarmsOf(after, 'data-damaged'),
    ([found]) => found?.state !== 'unacknowledged',
  );
  expect(await alarmsOf(after, 'tank-low')).toMatchObject([{ state: 'unacknowledged', value: 0.6 }]);
  await after.stop();
});

it('does not start on pages that cannot be read, says so in one sentence, and starts after repair', async () => {
  const before = await startServer();
  const { dataDir } = before;
  await sendLevel(before, 0.5);
  await before.stop();
  const file = join(dataDir, 'alarms.db');
  const bytes = readFileSync(file);
  // The index of times: all alarms can be saved.
  bytes.fill(0, 3 * 4096, 4 * 4096);
  writeFileSync(file, bytes);

  const refused = await runAimak([...config, '--data-dir', dataDir, '--http-port', '0', '--mqtt-port', '0']);
  expect(refused.code).toBe(1);
  expect(refused.stderr.trim().split('\n')).toHaveLength(1);
  expect(refused.stderr).toContain(`${file} is damaged`);
  expect(refused.stderr).toContain('npm start -- repair alarms.db');
  expect(readFileSync(file).equals(bytes)).toBe(true);

  const repaired = await runAimak(['repair', ...config, '--data-dir', dataDir]);
  const kept = readdirSync(dataDir).find((name) => name.startsWith('alarms.db.damaged-')) ?? '';
  expect(repaired).toMatchObject({ code: 0, stdout: expect.stringContaining(join(dataDir, kept)) });
  expect(readFileSync(join(dataDir, kept)).equals(bytes)).toBe(true);
  const after = await startServer({ dataDir });
  expect(await alarmsOf(after, 'tank-low')).toMatchObject([{ state: 'unacknowledged', value: 0.5 }]);
  await after.stop();
});

it('names what it does not know', async () => {
  const dataDir = join(temporaryFolder(), 'none');
  expect(await runAimak(['repair', '--data-dir', dataDir])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(`data folder ${dataDir}: there is none`),
  });
  expect(await runAimak(['repair', 'alarm.db', '--data-dir', dataDir])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('repair alarm.db: expected readings.db or alarms.db'),
  });
});

/** A whole server on a full disk: no file of its can grow (RLIMIT_FSIZE), which the system allows to set and lift. */
import { spawnSync } from 'node:child_process';
import mqtt from 'mqtt';
import { expect, it } from 'vitest';
import type { AlarmWire } from '../../dashboard/wire.ts';
import { eventually, startServer } from '../harness/server.ts';

const LEVEL = 'aimak/v1/my-village/tank-1-level/telemetry';

/** Zero where it could be done. */
function limitFiles(pid: number | undefined, softBytes: string): number | null {
  return spawnSync('prlimit', ['--pid', String(pid), `--fsize=${softBytes}:`]).status;
}

it('a full disk opens one alarm, which is told though it cannot be saved, and saved once there is room', async ({
  skip,
}) => {
  if (spawnSync('prlimit', ['--version']).error) skip('prlimit (Debian: util-linux) is not installed');
  const server = await startServer();
  const device = await mqtt.connectAsync(server.mqttUrl);
  const send = (level: number) => device.publishAsync(LEVEL, JSON.stringify({ level }), { qos: 1 });
  const active = () => server.get<AlarmWire[]>('/api/alarms?site=my-village');
  const all = () => server.get<AlarmWire[]>('/api/alarms?state=all');
  await send(2.4);

  expect(limitFiles(server.process.pid, '1')).toBe(0);
  const stored = send(2.5);
  expect(await eventually(active, (alarms) => alarms.length > 0)).toMatchObject([
    { rule: 'store-failing', priority: 'critical', site: null, title: { en: 'Readings cannot be stored' } },
  ]);
  expect(await server.health()).toMatchObject({ status: 'degraded', ingest: { stored: 1 }, alarms: { unsaved: 1 } });
  expect(await all()).toHaveLength(1);

  expect(limitFiles(server.process.pid, 'unlimited')).toBe(0);
  await stored;
  expect(await eventually(all, ([alarm]) => alarm?.state === 'returned-unacknowledged', 20_000)).toHaveLength(1);
  expect(await server.health()).toMatchObject({
    status: 'ok',
    ingest: { stored: 2 },
    alarms: { unsaved: 0, dropped: 0 },
  });
  await device.endAsync();
  expect(await server.stop()).toBe(0);

  const again = await startServer({ dataDir: server.dataDir });
  expect(await again.get('/api/alarms?state=all')).toMatchObject([
    { rule: 'store-failing', state: 'returned-unacknowledged' },
  ]);
  expect(await again.stop()).toBe(0);
});

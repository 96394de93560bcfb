/** A whole server on a disk whose syncs do not return, of no file of the data folder: a card that is dying. */
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, relative } from 'node:path';
import mqtt from 'mqtt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AlarmWire } from '../../dashboard/wire.ts';
import { compilePreload, NO_PRELOAD } from '../harness/preload.ts';
import { eventually, ROOT, runAimak, startServer, type TestServer, temporaryFolder } from '../harness/server.ts';

const LEVEL = 'aimak/v1/my-village/tank-1-level/telemetry';

describe('a disk that hangs', () => {
  let receiver: Server;
  let told: string[];
  let folder: string;
  let config: string;
  let flag: string;

  beforeEach(async ({ skip }) => {
    if (NO_PRELOAD !== null) skip(NO_PRELOAD);
    told = [];
    receiver = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const { facts } = JSON.parse(Buffer.concat(chunks).toString());
      for (const { rule } of facts.alarms ?? []) told.push(rule);
      response.end();
    }).listen(0, '127.0.0.1');
    await once(receiver, 'listening');
    // By name, so that the address must be resolved while the disk hangs.
    const hook = `http://localhost:${(receiver.address() as AddressInfo).port}/`;
    folder = temporaryFolder();
    flag = join(folder, 'hang');
    config = join(folder, 'aimak.yaml');
    const first = join(ROOT, 'config/first-device');
    writeFileSync(join(folder, 'secret.txt'), 'shared');
    writeFileSync(join(folder, 'password.txt'), 'a long password');
    const notify = 'notify: {webhook: {secretFile: secret.txt}}';
    writeFileSync(config, `plant: ${first}/plant.yaml\nrules: ${first}/rules.yaml\ndataDir: data\n${notify}\n`);
    const person = ['--role', 'operator', '--turn', '1', '--webhook', hook];
    const password = ['--password-file', join(folder, 'password.txt')];
    expect(await runAimak(['user', 'add', 'aida', ...person, ...password, '--config', config])).toMatchObject({
      code: 0,
    });
  });
  afterEach(() => {
    rmSync(flag, { force: true });
    receiver?.close();
  });

  function start(): Promise<TestServer> {
    const dataDir = join(folder, 'data');
    const env = { LD_PRELOAD: compilePreload('hang', folder), HANG: flag, HANG_DATA: dataDir };
    return startServer({ config: relative(ROOT, config), dataDir, env });
  }

  function signIn(server: TestServer): Promise<Response> {
    return fetch(`${server.url}/api/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ user: 'aida', password: 'a long password' }),
    });
  }

  it('acknowledges nothing, says so at 5 s, tells people at 15 s, and goes on when it is back', async () => {
    const server = await start();
    const device = await mqtt.connectAsync(server.mqttUrl, { reconnectPeriod: 200 });
    const send = (level: number, ts: number) =>
      device.publishAsync(LEVEL, JSON.stringify({ ts, values: { level } }), { qos: 1 });
    await send(2.4, Date.now());

    writeFileSync(flag, '');
    const hungAt = Date.now();
    let isAcknowledged = false;
    const sent = send(2.5, Date.now()).then(() => {
      isAcknowledged = true;
    });
    const late = await eventually(server.health, ({ status }) => status === 'degraded', 9_000);
    expect(Date.now() - hungAt).toBeGreaterThan(4_500);
    expect(late).toMatchObject({
      store: { reachable: true, reason: expect.stringContaining('the disk does not answer') },
    });
    // Whoever signs in now writes to the same disk.
    expect((await signIn(server)).status).toBe(200);
    await eventually(
      () => told,
      (rules) => rules.includes('store-failing'),
      20_000,
    );
    expect(Date.now() - hungAt).toBeGreaterThan(14_500);
    const alarms = await server.get<AlarmWire[]>('/api/alarms');
    expect(alarms).toMatchObject([{ rule: 'store-failing', priority: 'critical', state: 'unacknowledged' }]);
    expect(isAcknowledged).toBe(false);
    expect((await server.health()).ingest.stored).toBe(1);

    rmSync(flag);
    await sent;
    const all = () => server.get<AlarmWire[]>('/api/alarms?state=all');
    await eventually(all, ([alarm]) => alarm?.state === 'returned-unacknowledged', 20_000);
    expect(await server.health()).toMatchObject({ status: 'ok', ingest: { stored: 2 }, store: { reason: null } });
    await device.endAsync();
    expect(await server.stop()).toBe(0);
  }, 90_000);

  it('an act of a person that is not on the disk yet is answered with 202', async () => {
    const server = await start();
    const device = await mqtt.connectAsync(server.mqttUrl);
    await device.publishAsync(LEVEL, JSON.stringify({ ts: Date.now(), values: { level: 0.5 } }), { qos: 1 });
    const [alarm] = await eventually(
      () => server.get<AlarmWire[]>('/api/alarms'),
      ({ length }) => length === 1,
    );
    const cookie = (await signIn(server)).headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const act = (kind: string, body = '{}') =>
      fetch(`${server.url}/api/alarms/${alarm?.id}/${kind}`, {
        method: 'POST',
        headers: { cookie, 'content-type': 'application/json' },
        body,
      });
    expect((await act('acknowledge')).status).toBe(200);
    writeFileSync(flag, '');
    expect((await act('shelve', JSON.stringify({ reason: 'works', oneShot: true }))).status).toBe(202);
    rmSync(flag);
    await device.endAsync();
    expect(await server.stop()).toBe(0);
  });

  it('does not keep the server from ending, which says why', async () => {
    const server = await start();
    const device = await mqtt.connectAsync(server.mqttUrl, { reconnectPeriod: 0 });
    writeFileSync(flag, '');
    let isAcknowledged = false;
    device.publishAsync(LEVEL, JSON.stringify({ ts: Date.now(), values: { level: 2.5 } }), { qos: 1 }).then(
      () => {
        isAcknowledged = true;
      },
      () => undefined,
    );
    await eventually(server.health, ({ ingest }) => ingest.inFlight === 1);
    const exited = once(server.process, 'close', { signal: AbortSignal.timeout(10_000) });
    server.process.kill('SIGTERM');
    expect(await exited).toEqual([null, 'SIGKILL']);
    expect(server.log()).toContain('could not stop in time');
    expect(isAcknowledged).toBe(false);
    device.end(true);
  });
});

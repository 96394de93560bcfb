/** The whole program on InfluxDB: killed while InfluxDB is away, it loses nothing of what it acknowledged. */
import type { ChildProcess } from 'node:child_process';
import { afterAll, describe, expect, it } from 'vitest';
import { startMqttLink } from '../../../link/mqtt-link.ts';
import { telemetryTopic } from '../../../model/topic.ts';
import { silentLog } from '../../harness/readings.ts';
import { eventually, type Health, runAimak, startServer, temporaryFolder } from '../../harness/server.ts';
import { hasInfluxd, NO_INFLUXD, startInfluxd } from './influxd.ts';

const FIRST_DEVICE = ['--config', 'config/first-device/aimak.yaml'];
const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
});

interface StoreHealth {
  readonly kind: string;
  readonly reachable: boolean;
  readonly pending: number;
  readonly pendingBytes: number;
  readonly reason: string | null;
}

describe('the server on InfluxDB', () => {
  it('killed with a full outbox, passes on all that it acknowledged once both are back', async ({ skip }) => {
    if (!hasInfluxd) skip(NO_INFLUXD);
    const influxd = await startInfluxd({ folder: temporaryFolder(), own: (child) => children.push(child) });
    await influxd.kill();
    const args = ['--store', 'influx', '--influx-url', influxd.url, '--influx-api', 'v1'];
    const server = await startServer({ args });
    const stored = (from: typeof server) =>
      from.health().then((health) => (health as Health & { store: StoreHealth }).store);
    const link = startMqttLink({ url: server.mqttUrl, clientId: 'device' }, silentLog);
    const firstTs = Date.now() - 3_600_000;
    const payload = (i: number) => JSON.stringify({ ts: firstTs + i, values: { level: 1 + i / 1000 } });
    const topic = telemetryTopic('my-village', 'tank-1-level');
    await Promise.all(Array.from({ length: 500 }, (_, i) => link.publish(topic, Buffer.from(payload(i)))));
    expect(await stored(server)).toMatchObject({ kind: 'influx', reachable: false, pending: 500 });
    expect((await server.health()).status).toBe('degraded');
    await server.kill();
    await link.stop();

    await influxd.start();
    const again = await startServer({ args, dataDir: server.dataDir });
    const live = await again.get<{ device: string; ts: number }[]>('/api/live');
    expect(live.map(({ device, ts }) => [device, ts])).toEqual([['tank-1-level', firstTs + 499]]);
    await eventually(
      () => stored(again),
      ({ pending, reachable }) => pending === 0 && reachable,
    );
    const { results } = await influxd.query('SELECT level FROM device', 'aimak');
    expect(results[0]?.series?.[0]?.values).toEqual(Array.from({ length: 500 }, (_, i) => [firstTs + i, 1 + i / 1000]));
    const range = `from=${firstTs}&to=${firstTs + 500}&points=1&aggregate=mean`;
    const history = await again.get(`/api/history?device=tank-1-level&metric=level&${range}`);
    expect(history).toMatchObject({ points: [[firstTs, expect.closeTo(1.2495, 9)]] });
    expect(await again.stop()).toBe(0);
  });

  it('names every fault of its options at once', async () => {
    const url = ['--influx-url', 'http://root:secret@127.0.0.1:8086'];
    const { code, stderr } = await runAimak([...FIRST_DEVICE, '--store', 'influx', ...url, '--influx-api', 'v3']);
    expect(code).toBe(2);
    expect(stderr).toContain('--influx-url: expected http://host:port or https://host:port, without a user');
    expect(stderr).toContain('--influx-api: expected v1 or v2 (got "v3")');

    const missing = await runAimak([...FIRST_DEVICE, '--store', 'influx', '--influx-user', 'a']);
    expect(missing.code).toBe(2);
    expect(missing.stderr).toContain('--influx-url: expected the address of InfluxDB, such as http://127.0.0.1:8086');
    expect(missing.stderr).toContain('--influx-user, --influx-password-file: expected both or none');

    const unused = await runAimak([...FIRST_DEVICE, '--influx-url', 'http://127.0.0.1:8086']);
    expect([unused.code, unused.stderr]).toEqual([2, expect.stringContaining('only with --store influx')]);
  });

  it('says which file of its secrets cannot be read', async () => {
    const store = ['--store', 'influx', '--influx-url', 'http://127.0.0.1:9', '--influx-token-file', 'no-token'];
    const data = ['--data-dir', temporaryFolder(), '--http-port', '0', '--mqtt-port', '0'];
    const { code, stderr } = await runAimak([...FIRST_DEVICE, ...data, ...store]);
    expect([code, stderr]).toEqual([1, expect.stringContaining('no-token: cannot be read (ENOENT)')]);
  });
});

/** The whole server with a broker that others wrote in front of it. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import mqtt from 'mqtt';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { HistoryWire, LiveWire } from '../../dashboard/wire.ts';
import { missingBroker, type OutsideBroker, startOutsideBroker } from '../harness/outside-broker.ts';
import { eventually, ROOT, runAimak, startServer, type TestServer, temporaryFolder } from '../harness/server.ts';

const missing = missingBroker('mosquitto');

/** The source's part of `/api/health`. */
interface BrokerHealth {
  readonly status: string;
  readonly broker: { connected: boolean; reason: string | null; sites: readonly string[]; url: string };
}

const broker = (server: TestServer) => server.get<BrokerHealth>('/api/health');
const taking = (server: TestServer, ...sites: string[]) =>
  eventually(
    () => broker(server),
    ({ broker: { sites: held } }) => held.join() === sites.join(),
  );

describe('a server with Mosquitto in front', () => {
  let mosquitto: OutsideBroker;
  // One for each test: the claim of a server that was stopped stands for a minute.
  beforeEach(async ({ skip }) => {
    if (missing !== null) skip(missing);
    mosquitto = await startOutsideBroker({ kind: 'mosquitto', folder: temporaryFolder() });
    onTestFinished(mosquitto.kill);
  });

  async function device() {
    const client = await mqtt.connectAsync(mosquitto.url);
    onTestFinished(() => client.endAsync(true));
    return (topic: string, ts: number, level: number) =>
      client.publishAsync(`aimak/v1/${topic}/telemetry`, JSON.stringify({ ts, values: { level } }), { qos: 1 });
  }

  it('stores and shows what is published there, and opens no port for devices itself', async () => {
    const server = await startServer({ args: ['--mqtt-url', mosquitto.url] });
    expect(await taking(server, 'my-village')).toMatchObject({
      status: 'ok',
      broker: { connected: true, reason: null, url: mosquitto.url },
    });
    const send = await device();
    await send('my-village/tank-1-level', Date.now(), 2.5);
    await eventually(
      () => server.get<LiveWire[]>('/api/live'),
      ([live]) => live?.value === 2.5,
    );
    expect(JSON.parse(readFileSync(join(server.dataDir, 'run.json'), 'utf8'))).toMatchObject({
      mqttPort: null,
      mqttUrl: mosquitto.url,
    });
    expect(await server.stop()).toBe(0);
  });

  it('has all that was published while it was killed', async () => {
    const victim = await startServer({ args: ['ingest', 'dashboard', '--mqtt-url', mosquitto.url] });
    await taking(victim, 'my-village');
    await victim.kill();
    const send = await device();
    const firstTs = Date.now() - 60_000;
    for (let i = 0; i < 100; i++) await send('my-village/tank-1-level', firstTs + i, 1 + i / 100);
    const again = await startServer({ dataDir: victim.dataDir, args: ['--mqtt-url', mosquitto.url] });
    const query = `/api/history?device=tank-1-level&metric=level&from=${firstTs}&to=${firstTs + 100}`;
    await eventually(
      () => again.get<HistoryWire>(query),
      ({ points }) => points.length === 100,
    );
    expect(await again.stop()).toBe(0);
  });

  it('has the whole past of a new village, which begins once somebody subscribes', async () => {
    const file = join(temporaryFolder(), 'aimak.yaml');
    const [plant, rules] = ['plant', 'rules'].map((name) => join(ROOT, `config/demo/${name}.yaml`));
    writeFileSync(file, `version: 1\nplant: ${plant}\nrules: ${rules}\nsim: {seed: 1, backfillDays: 0.05}\n`);
    const server = await startServer({ config: relative(ROOT, file), args: ['--mqtt-url', mosquitto.url] });
    const { fromMs } = await eventually(
      () => server.get<{ phase: string; fromMs: number }>('/api/sim'),
      ({ phase }) => phase === 'live',
    );
    const query = `/api/history?device=tank-1-level&metric=level&from=${fromMs}&to=${fromMs + 600_000}`;
    await eventually(
      () => server.get<HistoryWire>(query),
      ({ points }) => points.length > 0,
    );
    expect(await server.stop()).toBe(0);
  });

  it('shares a plant by site: each server knows and stores its own, and one dead leaves the other alone', async () => {
    const [upper, lower] = [writeShare('upper', mosquitto.url), writeShare('lower', mosquitto.url)];
    const servers = [
      await startServer({ config: relative(ROOT, upper) }),
      await startServer({ config: relative(ROOT, lower) }),
    ] as const;
    await taking(servers[0], 'upper');
    await taking(servers[1], 'lower');
    const send = await device();
    const both = async (level: number) => {
      const ts = Date.now();
      await Promise.all([send('upper/upper-level', ts, level), send('lower/lower-level', ts, level)]);
    };
    const shows = (server: TestServer, name: string, level: number) =>
      eventually(
        () => server.get<LiveWire[]>('/api/live'),
        (live) => live.length === 1 && live[0]?.device === `${name}-level` && live[0].value === level,
      );
    await both(1.5);
    await shows(servers[0], 'upper', 1.5);
    await shows(servers[1], 'lower', 1.5);
    await servers[0].kill();
    await both(1.6);
    await shows(servers[1], 'lower', 1.6);
    expect((await servers[1].health()).ingest).toMatchObject({ received: 2, stored: 2 });
    const again = await startServer({ config: relative(ROOT, upper), dataDir: servers[0].dataDir });
    await shows(again, 'upper', 1.6);
    for (const server of [again, servers[1]]) expect(await server.stop()).toBe(0);
  });
});

describe('a server whose broker is away', () => {
  it('starts all the same, and says what is wrong', async () => {
    const server = await startServer({ args: ['--mqtt-url', 'mqtt://127.0.0.1:1'] });
    const health = await eventually(
      () => broker(server),
      ({ broker: { reason } }) => reason !== 'not connected yet',
    );
    expect(health).toMatchObject({
      status: 'degraded',
      broker: { connected: false, reason: 'nothing listens there (ECONNREFUSED)' },
    });
    expect(await server.stop()).toBe(0);
  });

  it('says that its session file is damaged, and does not begin another session', async () => {
    const dataDir = temporaryFolder();
    writeFileSync(join(dataDir, 'mqtt-session.json'), '{"clientId":');
    const args = ['--data-dir', dataDir, '--mqtt-url', 'mqtt://127.0.0.1:1', '--http-port', '0'];
    const { code, stderr } = await runAimak(args);
    expect([code, stderr]).toEqual([1, expect.stringContaining('mqtt-session.json is damaged')]);
  });

  it('says which certificate cannot be read', async () => {
    const args = ['--data-dir', temporaryFolder(), '--mqtt-url', 'mqtts://127.0.0.1:1', '--mqtt-ca', 'nowhere.pem'];
    const { code, stderr } = await runAimak([...args, '--http-port', '0']);
    expect([code, stderr]).toEqual([1, expect.stringContaining('the certificate cannot be read (ENOENT)')]);
  });

  it('refuses sites that the plant does not have, and to share sites without a broker to share', async () => {
    const file = writeShare('nowhere', undefined);
    const { code, stderr } = await runAimak(['check-config', '--config', file]);
    expect(code).toBe(2);
    expect(stderr).toContain('mqtt.sites: no site "nowhere" in the plant');
    expect(stderr).toContain('mqtt.sites: ingests share sites at a broker of its own; expected mqtt.url');
  });
});

/** The configuration of the ingest that takes one of two sites, each with one level sensor. Gives its file. */
function writeShare(site: string, url: string | undefined): string {
  const folder = join(temporaryFolder(), site);
  mkdirSync(folder);
  const place = 'lat: 42.4, lon: 76.4, timeZone: Asia/Bishkek';
  const sites = ['upper', 'lower'];
  writeFileSync(
    join(folder, 'plant.yaml'),
    [
      'sites:',
      ...sites.map((id) => `  - {id: ${id}, ${place}}`),
      'devices:',
      ...sites.map((id) => `  - {id: ${id}-level, site: ${id}, profile: reservoir-level}`),
    ].join('\n'),
  );
  const mqttKeys = [...(url === undefined ? [] : [`url: ${url}`]), `sites: [${site}]`].join(', ');
  const file = join(folder, 'aimak.yaml');
  writeFileSync(file, `version: 1\nplant: plant.yaml\nmqtt: {${mqttKeys}}\n`);
  return file;
}

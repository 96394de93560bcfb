/** The whole path, in a process of its own: device, MQTT, store, live state, API. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import mqtt, { type MqttClient } from 'mqtt';
import { io } from 'socket.io-client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { HistoryWire, LiveWire } from '../../dashboard/wire.ts';
import { eventually, expectClosed, startServer, type TestServer } from '../harness/server.ts';

const LEVEL = 'aimak/v1/my-village/tank-1-level/telemetry';
const hasMosquitto = spawnSync('mosquitto_pub', ['--help']).error === undefined;

describe('a server at its end', () => {
  it('stops at once and cleanly though somebody holds a connection and says nothing', async () => {
    const server = await startServer();
    const idle = connect(server.mqttPort, '127.0.0.1');
    await once(idle, 'connect');
    idle.on('error', () => undefined);
    expect(await server.stop()).toBe(0);
  });
});

describe('a running server', () => {
  let server: TestServer;
  let device: MqttClient;

  beforeAll(async () => {
    server = await startServer();
    device = await mqtt.connectAsync(server.mqttUrl);
  });
  afterEach(async () => {
    expectClosed(await server.health());
  });
  afterAll(async () => {
    await device.endAsync();
    expect(await server.stop()).toBe(0);
  });

  const send = (payload: string, topic = LEVEL) => device.publishAsync(topic, payload, { qos: 1 });
  const live = async () => (await server.get<LiveWire[]>('/api/live')).find((v) => v.metric === 'level');
  const rejected = async () => (await server.health()).ingest.rejected;

  it('shows what mosquitto_pub sends, within a second, in the API and on the socket', async ({ skip }) => {
    if (!hasMosquitto) skip('mosquitto_pub (Debian: mosquitto-clients) is not installed');
    const page = io(`${server.url}/live`, { transports: ['websocket'] });
    const frame = new Promise<LiveWire[]>((resolve) => page.on('values', ({ changes }) => resolve(changes)));
    await new Promise((resolve) => {
      page.on('snapshot', resolve);
      page.emit('subscribe', { site: 'all' });
    });
    const started = Date.now();
    const args = ['-p', String(server.mqttPort), '-q', '1', '-t', LEVEL, '-m', '{"level": 2.4}'];
    expect(spawnSync('mosquitto_pub', args).status).toBe(0);
    expect(await live()).toMatchObject({ site: 'my-village', value: 2.4, unit: 'm', quality: 'uncertain' });
    expect((await frame)[0]).toMatchObject({ device: 'tank-1-level', value: 2.4 });
    expect(Date.now() - started).toBeLessThan(1_000);
    page.close();
  });

  it('has on disk what it acknowledged, even when killed at once', async () => {
    const victim = await startServer();
    const sender = await mqtt.connectAsync(victim.mqttUrl);
    const ts = Date.now();
    await sender.publishAsync(LEVEL, JSON.stringify({ ts, values: { level: 3.14 } }), { qos: 1 });
    await victim.kill();
    await sender.endAsync(true);
    const again = await startServer({ dataDir: victim.dataDir });
    const history = await again.get<HistoryWire>('/api/history?device=tank-1-level&metric=level');
    expect(history.points).toEqual([[ts, 3.14]]);
    expect((await again.get<LiveWire[]>('/api/live'))[0]).toMatchObject({ value: 3.14, ts });
    expect(await again.stop()).toBe(0);
  });

  it('counts a repeat as a duplicate and another value as a conflict', async () => {
    const before = (await server.health()).ingest;
    const ts = Date.now();
    for (const level of [1.5, 1.5, 1.6]) await send(JSON.stringify({ ts, values: { level } }));
    const { ingest } = await server.health();
    expect(ingest.stored - before.stored).toBe(1);
    expect(ingest.duplicates - before.duplicates).toBe(1);
    expect(ingest.rejected.conflict).toBe(1);
  });

  it.each([
    ['broken JSON', '{"level": 2.', 'bad-json'],
    ['a payload of 1 MB', `{"level": ${'1'.repeat(1024 * 1024)}}`, 'too-large'],
    ['an unknown metric', '{"levl": 2}', 'unknown-metric'],
    ['NaN', '{"level": NaN}', 'not-a-number'],
    ['a future timestamp', `{"ts": ${Date.now() + 86_400_000}, "values": {"level": 2}}`, 'time-in-future'],
  ])('acknowledges, counts and logs %s, and goes on', async (_, payload, reason) => {
    const before = (await rejected())[reason] ?? 0;
    await send(payload);
    expect((await rejected())[reason]).toBe(before + 1);
    await eventually(server.log, (log) => log.includes(`rejected: ${reason}`));
    const level = Math.round(Math.random() * 300) / 100;
    await send(JSON.stringify({ level }));
    expect((await live())?.value).toBe(level);
  });

  it('names an unknown device in its log', async () => {
    await send('{"level": 2}', 'aimak/v1/my-village/ghost/telemetry');
    expect((await rejected())['unknown-device']).toBe(1);
    await eventually(server.log, (log) => log.includes('my-village/ghost: no such device in the plant file'));
  });

  it.each([
    ['/api/history?device=ghost&metric=level', 404, 'unknown-device'],
    ['/api/history?device=tank-1-level&metric=levl', 404, 'unknown-metric'],
    ['/api/history?device=tank-1-level&metric=level&points=0', 400, 'bad-query'],
    ['/api/history?device=tank-1-level&metric=level&from=5&to=5', 400, 'bad-query'],
    ['/api/history?device=tank-1-level&metric=level&form=5', 400, 'bad-query'],
    ['/api/history?metric=level', 400, 'bad-query'],
    ['/api/history?device=tank-1-level&metric=level&from=03/04/2026', 400, 'bad-query'],
    ['/api/history?device=tank-1-level&metric=level&from=2026-01-01T00:00', 400, 'bad-query'],
    ['/api/history?device=tank-1-level&metric=level&to=99999999999999999999', 400, 'bad-query'],
    ['/api/alarms?site=nowhere', 404, 'unknown-site'],
    ['/%zz', 400, 'bad-request'],
    ['/api/live?site=nowhere', 404, 'unknown-site'],
    ['/api/sim', 404, 'no-simulator'],
    ['/api/nothing', 404, 'not-found'],
  ])('answers %s with %i %s', async (path, status, code) => {
    const response = await fetch(server.url + path);
    expect([response.status, ((await response.json()) as { error: { code: string } }).error.code]).toEqual([
      status,
      code,
    ]);
  });

  it('gives a series as CSV with its unit', async () => {
    await send(`{"ts": ${Date.UTC(2019, 5, 1)}, "values": {"level": 2.25}}`);
    await send(`{"ts": ${Date.UTC(2019, 5, 2)}, "values": {"level": null}}`);
    const csv = await fetch(
      `${server.url}/api/history.csv?device=tank-1-level&metric=level&from=2019-06-01&to=2019-07-01`,
    );
    expect(csv.headers.get('content-type')).toContain('text/csv');
    expect(await csv.text()).toBe('time,level (m)\n2019-06-01T00:00:00.000Z,2.25\n2019-06-02T00:00:00.000Z,\n');
  });

  it('lets no page of another origin read along', async () => {
    const visit = (origin: string) =>
      new Promise<string>((resolve) => {
        const page = io(`${server.url}/live`, {
          transports: ['websocket'],
          extraHeaders: { origin },
          reconnection: false,
        });
        page.on('connect', () => resolve('connected'));
        page.on('connect_error', () => resolve('refused'));
        page.on('connect', () => page.close());
      });
    expect(await visit('http://elsewhere.example')).toBe('refused');
    expect(await visit(server.url)).toBe('connected');
  });

  it('goes on after rubbish on the MQTT port', async () => {
    const socket = connect(server.mqttPort, '127.0.0.1');
    socket.on('error', () => undefined);
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.write('GET / HTTP/1.1\r\n\r\n'.repeat(100));
    await closed;
    await send('{"level": 2}');
    await eventually(live, (value) => value?.value === 2);
  });
});

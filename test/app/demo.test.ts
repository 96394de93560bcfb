/** What a newcomer gets from `npm start`: the demo village, its past and its present. */
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import type { AlarmWire, HistoryWire, LiveWire, PlantWire, SimWire } from '../../dashboard/wire.ts';
import {
  eventually,
  expectClosed,
  spawnAimak,
  startServer,
  type TestServer,
  temporaryFolder,
} from '../harness/server.ts';

const DEMO = 'config/demo/aimak.yaml';
const DAY_MS = 86_400_000;

describe('the demo village', () => {
  let server: TestServer;
  afterEach(async () => {
    expect(await server.stop()).toBe(0);
  });

  const sim = () => server.get<SimWire>('/api/sim');
  const isLive = (): Promise<unknown> => eventually(sim, ({ phase }) => phase === 'live', 60_000);

  it('has 14 days of history within a minute, live values, no alarm, and a clean log', async () => {
    server = await startServer({ config: DEMO });
    await isLive();
    const health = await server.health();
    expectClosed(health);
    expect(health.ingest).toMatchObject({ duplicates: 0, rejected: {} });

    const { devices, sites } = await server.get<PlantWire>('/api/plant');
    expect(sites.map((site) => site.simulated)).toEqual([true]);
    const values = await server.get<LiveWire[]>('/api/live');
    expect(new Set(values.map((value) => value.device)).size).toBe(devices.length);
    expect(values.filter((value) => value.quality !== 'good')).toEqual([]);
    expect(await server.get<AlarmWire[]>('/api/alarms?state=all')).toEqual([]);

    const now = Date.now();
    const ask = `/api/history?device=tank-1-level&metric=level&from=${now - 15 * DAY_MS}&to=${now}&points=10000`;
    const times = (await server.get<HistoryWire>(ask)).points.map(([ts]) => ts ?? 0);
    const gapsS = times.slice(1).map((ts, i) => (ts - (times[i] ?? 0)) / 1000);
    const ofLastDay = gapsS.filter((_, i) => (times[i] ?? 0) > now - 0.99 * DAY_MS);
    expect(now - (times[0] ?? 0)).toBeGreaterThan(13.99 * DAY_MS);
    expect(Math.max(...gapsS)).toBe(300);
    expect(Math.max(...ofLastDay)).toBe(60);
    expect(times.length).toBeGreaterThan(13 * 288 + 1430);
    expect(server.log()).not.toMatch(/"level":(40|50|60)/);
  });

  it('stopped in the middle of its back-fill goes on where it was, and sends nothing another way', async () => {
    server = await startServer({ config: DEMO });
    await eventually(sim, ({ doneMs, fromMs, toMs }) => doneMs > fromMs && doneMs < toMs, 20_000);
    const stopped = Date.now();
    server.process.kill('SIGTERM');
    await once(server.process, 'exit');
    expect(server.process.exitCode).toBe(0);
    expect(Date.now() - stopped).toBeLessThan(5_000);

    server = await startServer({ config: DEMO, dataDir: server.dataDir });
    expect((await sim()).fromMs).toBeLessThan(Date.now() - DAY_MS);
    await isLive();
    expect((await server.health()).ingest.rejected).toEqual({});
    const now = Date.now();
    const ask = `/api/history?device=tank-1-level&metric=level&from=${now - 15 * DAY_MS}&to=${now}&points=10000`;
    expect((await server.get<HistoryWire>(ask)).points.length).toBeGreaterThan(13 * 288 + 1430);
  });

  it('runs apart from the server, over MQTT', async () => {
    server = await startServer({ config: DEMO, args: ['broker', 'ingest', 'dashboard'] });
    expect((await fetch(`${server.url}/api/sim`)).status).toBe(404);
    const sim = spawnAimak(['sim', '--mqtt-url', server.mqttUrl, '--data-dir', temporaryFolder()]);
    await eventually(server.health, ({ ingest }) => ingest.stored > 10_000, 20_000);
    sim.kill('SIGTERM');
    await once(sim, 'exit');
    expect(sim.exitCode).toBe(0);
  });

  it('killed in the middle of its back-fill contradicts nothing that it sent before', async () => {
    server = await startServer({ config: DEMO });
    await eventually(sim, ({ doneMs, fromMs, toMs }) => doneMs > fromMs && doneMs < toMs, 20_000);
    await server.kill();
    server = await startServer({ config: DEMO, dataDir: server.dataDir });
    await isLive();
    expect((await server.health()).ingest.rejected).toEqual({});
  });
});

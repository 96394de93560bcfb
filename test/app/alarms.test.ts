/** Alarms through the whole process: limits of a rules file on readings in device time. */
import mqtt, { type MqttClient } from 'mqtt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AlarmWire, LiveWire } from '../../dashboard/wire.ts';
import { startServer, type TestServer } from '../harness/server.ts';

describe('alarms of a running server (below 1 m, delays of 60 s)', () => {
  let server: TestServer;
  let device: MqttClient;
  const begin = Date.now() - 400_000;

  beforeAll(async () => {
    server = await startServer();
    device = await mqtt.connectAsync(server.mqttUrl);
  });
  afterAll(async () => {
    await device.endAsync();
    expect(await server.stop()).toBe(0);
  });

  /** Readings of the level at so many seconds after the beginning, in one message. */
  const send = (...readings: readonly (readonly [number, number])[]) => {
    const frames = readings.map(([second, level]) => ({ ts: begin + second * 1000, values: { level } }));
    return device.publishAsync('aimak/v1/my-village/tank-1-level/telemetry', JSON.stringify(frames), { qos: 1 });
  };
  const active = () => server.get<AlarmWire[]>('/api/alarms');
  const all = () => server.get<AlarmWire[]>('/api/alarms?state=all');

  /** Of all that is open, by whoever sits at the server. */
  async function acknowledge(): Promise<void> {
    for (const { id } of await active()) await fetch(`${server.url}/api/alarms/${id}/acknowledge`, { method: 'POST' });
  }

  it('opens at the first reading below, where the device reports no oftener than the delay', async () => {
    await send([0, 0.5]);
    expect(await active()).toMatchObject([
      {
        rule: 'tank-low',
        priority: 'critical',
        state: 'unacknowledged',
        asset: 'tank-1',
        value: 0.5,
        limit: 1,
        unit: 'm',
        title: { en: 'Reservoir is low' },
        raisedAt: begin,
      },
    ]);
  });

  it('is over once the level is back past the deadband, and closed once somebody has seen it', async () => {
    await send([70, 1.04]);
    expect(await active()).toHaveLength(1);
    await send([140, 1.5]);
    expect(await active()).toMatchObject([{ state: 'returned-unacknowledged' }]);
    await acknowledge();
    expect(await active()).toEqual([]);
    expect(await all()).toMatchObject([{ state: 'normal', raisedAt: begin, returnedAt: begin + 140_000 }]);
  });

  it('does not open for a dip shorter than the delay, and opens for a longer one', async () => {
    await send([150, 0.4], [180, 0.4], [190, 1.5]);
    expect(await all()).toHaveLength(1);
    await send([200, 0.4], [230, 0.3], [260, 0.2]);
    expect(await active()).toMatchObject([{ raisedAt: begin + 260_000, value: 0.2 }]);
  });

  it('judges every fresh reading of a backlog, not only its newest', async () => {
    await acknowledge();
    await send([270, 2], [300, 2], [330, 2], [340, 0.3]);
    expect(await active()).toEqual([]);
    expect((await all())[0]).toMatchObject({ state: 'normal', returnedAt: begin + 330_000 });
  });

  it('writes down what readings of the past would have raised, and asks nobody', async () => {
    const before = await active();
    await send([-86_400_000, 0.1]);
    expect(await active()).toEqual(before);
    expect((await all()).filter(({ isHistorical }) => isHistorical)).toMatchObject([
      { rule: 'tank-low', isAnnounced: false },
    ]);
    expect((await server.get<LiveWire[]>('/api/live'))[0]?.value).toBe(0.3);
  });

  it('knows its open alarm again after kill -9, and closes it when its rule is gone', async () => {
    await send([350, 0.3], [400, 0.3]);
    expect(await active()).toHaveLength(1);
    await server.kill();
    server = await startServer({ dataDir: server.dataDir });
    expect(await active()).toHaveLength(1);
    expect(await server.stop()).toBe(0);

    server = await startServer({ dataDir: server.dataDir, config: 'config/battledim/aimak.yaml' });
    expect(await active()).toEqual([]);
    expect((await all())[0]).toMatchObject({ state: 'normal' });
  });
});

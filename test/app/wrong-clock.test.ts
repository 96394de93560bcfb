/** A whole server whose clock is wrong, as that of a small computer without a clock battery after a power cut. */
import mqtt, { type MqttClient } from 'mqtt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RELEASE } from '../../app/release.ts';
import type { AlarmWire, LiveWire } from '../../dashboard/wire.ts';
import { createFakeTime, type FakeTime, NO_FAKETIME } from '../harness/fake-time.ts';
import { eventually, startServer, type TestServer, temporaryFolder } from '../harness/server.ts';

const LEVEL = 'aimak/v1/my-village/tank-1-level/telemetry';
const YEAR_S = 365 * 86_400;

describe('a server with a wrong clock', () => {
  let time: FakeTime;
  let server: TestServer;
  let device: MqttClient;

  async function start(dataDir: string) {
    server = await startServer({ dataDir, env: time.env });
    device = await mqtt.connectAsync(server.mqttUrl);
  }
  async function stop() {
    await device.endAsync();
    expect(await server.stop()).toBe(0);
  }

  beforeEach(async ({ skip }) => {
    if (NO_FAKETIME !== null) skip(NO_FAKETIME);
    time = createFakeTime();
    await start(temporaryFolder());
  });
  afterEach(async () => {
    if (NO_FAKETIME === null) await stop();
  });

  /** By the device's own clock, which is right. */
  const send = (level: number, ts = Date.now()) =>
    device.publishAsync(LEVEL, JSON.stringify({ ts, values: { level } }), { qos: 1 });
  const alarms = () => server.get<AlarmWire[]>('/api/alarms?state=all');
  const waitForAlarm = (state: AlarmWire['state']) => eventually(alarms, ([alarm]) => alarm?.state === state, 20_000);

  async function expectSuspicion(reason: string) {
    for (const level of [2.1, 2.2, 2.3]) await send(level);
    expect(await waitForAlarm('unacknowledged')).toMatchObject([{ rule: 'server-clock', site: null, device: null }]);
    expect(await server.health()).toMatchObject({
      status: 'degraded',
      clock: { ok: false, reason },
      ingest: { rejected: {} },
    });
    const [value] = await server.get<LiveWire[]>('/api/live');
    expect(value).toMatchObject({ value: 2.3, quality: 'good' });
    expect(Math.abs(value?.ageMs ?? Number.NaN)).toBeLessThan(60_000);
  }

  async function expectRecovery() {
    time.set(0);
    expect(await waitForAlarm('returned-unacknowledged')).toHaveLength(1);
    expect(await server.health()).toMatchObject({ status: 'ok', clock: { ok: true, reason: null } });
    await send(2.4);
    await send(2.5, Date.now() + 3 * 3_600_000);
    expect((await server.health()).ingest.rejected).toEqual({ 'time-in-future': 1 });
    expect(await server.get('/api/live')).toMatchObject([{ value: 2.4, quality: 'good' }]);
  }

  it('rejects no good reading when it wakes in 1970, opens one alarm, and closes it when the time is set', async () => {
    await send(2);
    await stop();
    time.set(-Date.now() / 1000 + 30);
    await start(server.dataDir);
    await expectSuspicion('before-release');
    await expectRecovery();
  });

  it('does the same when its clock jumps back a year while it runs', async () => {
    await send(2);
    time.set(-YEAR_S);
    await expectSuspicion('before-release');
    await expectRecovery();
  });

  it('does the same when its clock jumps back an hour and only the readings can tell', async ({ skip }) => {
    // Until the release is an hour old, its date tells first.
    if (Date.now() < Date.parse(RELEASE.date) + 3_600_000) skip('the release is too young');
    await send(2);
    time.set(-3_600);
    await expectSuspicion('behind-readings');
    await expectRecovery();
  });
});

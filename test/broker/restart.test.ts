import { join } from 'node:path';
import mqtt, { type MqttClient } from 'mqtt';
import { describe, expect, it } from 'vitest';
import { startBroker } from '../../broker/broker.ts';
import { silentLog } from '../harness/readings.ts';
import { eventually, startServer, temporaryFolder } from '../harness/server.ts';

const DESK = { clientId: 'desk', clean: false, reconnectPeriod: 0 };
const STATUS = 'aimak/v1/my-village/gw-1/status';

/** A desk subscribes and goes away; meanwhile it is sent three messages, and a status is published to be kept. */
async function leaveMessages(url: string): Promise<void> {
  const desk = await mqtt.connectAsync(url, DESK);
  await desk.subscribeAsync('news', { qos: 1 });
  await desk.endAsync();
  const publisher = await mqtt.connectAsync(url);
  for (const text of ['one', 'two', 'three']) await publisher.publishAsync('news', text, { qos: 1 });
  await publisher.publishAsync(STATUS, '{"online":true}', { qos: 1, retain: true });
  await publisher.endAsync();
}

async function expectMessages(url: string): Promise<void> {
  const desk = mqtt.connect(url, DESK);
  const heard = hear(desk);
  await eventually(
    () => heard,
    () => heard.length === 3,
  );
  expect(heard).toEqual(['one', 'two', 'three']);
  await desk.subscribeAsync('aimak/v1/+/+/status');
  await eventually(
    () => heard,
    () => heard.length === 4,
  );
  expect(heard[3]).toBe('{"online":true}');
  await desk.endAsync();
}

function hear(client: MqttClient): string[] {
  const heard: string[] = [];
  client.on('message', (_, payload) => heard.push(payload.toString()));
  return heard;
}

describe('a broker that starts again', () => {
  it('knows its sessions, what they are owed, and retained messages', async () => {
    const options = { host: '127.0.0.1', port: 0, sessionFile: join(temporaryFolder(), 'broker.db') };
    const dependencies = { onTelemetry: () => Promise.resolve(), log: silentLog };
    const before = await startBroker(options, dependencies);
    await leaveMessages(`mqtt://127.0.0.1:${before.port}`);
    await before.stop();
    const after = await startBroker(options, dependencies);
    await expectMessages(`mqtt://127.0.0.1:${after.port}`);
    await eventually(
      () => after.health().queued.messages,
      (n) => n === 0,
    );
    await after.stop();
  });

  it('knows them after kill -9 too', async () => {
    const before = await startServer();
    await leaveMessages(before.mqttUrl);
    await eventually(
      () => before.get<{ broker: { unsaved: number } }>('/api/health'),
      ({ broker }) => broker.unsaved === 0,
    );
    await before.kill();
    const after = await startServer({ dataDir: before.dataDir });
    await expectMessages(after.mqttUrl);
    await after.stop();
  });
});

import mqtt, { type MqttClient } from 'mqtt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Broker, startBroker } from '../../broker/broker.ts';
import type { DeviceTopic } from '../../model/topic.ts';
import { silentLog } from '../harness/readings.ts';
import { eventually } from '../harness/server.ts';

const TELEMETRY = 'aimak/v1/toru/tank-1-level/telemetry';

describe('the embedded broker', () => {
  let broker: Broker;
  let taken: { topic: DeviceTopic; text: string }[];
  let commit: () => void;
  let fail: (error: Error) => void;
  let committed: Promise<void>;
  const clients: MqttClient[] = [];

  beforeEach(async () => {
    taken = [];
    committed = new Promise((resolve, reject) => {
      commit = resolve;
      fail = reject;
    });
    broker = await startBroker(
      { host: '127.0.0.1', port: 0 },
      {
        onTelemetry: (topic, payload) => {
          taken.push({ topic, text: Buffer.from(payload).toString() });
          return committed;
        },
        log: silentLog,
      },
    );
  });
  afterEach(async () => {
    commit();
    await Promise.all(clients.splice(0).map((client) => client.endAsync(true)));
    await broker.stop();
  });

  async function client(options: mqtt.IClientOptions = {}): Promise<MqttClient> {
    const connected = await mqtt.connectAsync(`mqtt://127.0.0.1:${broker.port}`, { reconnectPeriod: 0, ...options });
    connected.on('error', () => undefined);
    clients.push(connected);
    return connected;
  }

  it('acknowledges telemetry only once it has been committed', async () => {
    const device = await client();
    let isAcknowledged = false;
    const published = device.publishAsync(TELEMETRY, '{"level": 2.4}', { qos: 1 }).then(() => {
      isAcknowledged = true;
    });
    await eventually(
      () => taken.length,
      (n) => n === 1,
    );
    // What follows on another connection shows that the broker had every chance to acknowledge.
    await (await client()).publishAsync('elsewhere', 'x', { qos: 1 });
    expect(isAcknowledged).toBe(false);
    commit();
    await published;
    expect(taken).toEqual([
      { topic: { site: 'toru', device: 'tank-1-level', kind: 'telemetry' }, text: '{"level": 2.4}' },
    ]);
  });

  it('hangs up without an acknowledgement where the commit fails, so that the device sends again', async () => {
    const device = await client();
    const closed = new Promise((resolve) => device.once('close', () => resolve('closed')));
    device.publish(TELEMETRY, '{}', { qos: 1 });
    await eventually(
      () => taken.length,
      (n) => n === 1,
    );
    fail(new Error('disk'));
    committed.catch(() => undefined);
    expect(await closed).toBe('closed');
    await eventually(
      () => broker.clients(),
      (n) => n === 0,
    );
  });

  it('hands telemetry on to subscribers once it is committed', async () => {
    const listener = await client();
    const seen = new Promise((resolve) => listener.once('message', (topic) => resolve(topic)));
    await listener.subscribeAsync('aimak/v1/+/+/telemetry');
    commit();
    await (await client()).publishAsync(TELEMETRY, '{"level": 1}', { qos: 1 });
    expect(await seen).toBe(TELEMETRY);
  });

  it.each(['aimak/v1/toru/tank-1-level/command', 'aimak/v1/Toru/x/telemetry', '$SYS/x'])(
    'refuses a publish to %s',
    async (topic) => {
      const device = await client();
      const closed = new Promise((resolve) => device.once('close', () => resolve('closed')));
      device.publish(topic, 'x', { qos: 1 });
      expect(await closed).toBe('closed');
      expect(taken).toEqual([]);
    },
  );

  it('takes no packet beyond 2 MiB into memory: it hangs up on it, and serves the others', async () => {
    const greedy = await client();
    const closed = new Promise((resolve) => greedy.once('close', () => resolve('closed')));
    greedy.publish('elsewhere', Buffer.alloc(64 * 1024 * 1024), { qos: 1 });
    expect(await closed).toBe('closed');
    commit();
    await (await client()).publishAsync(TELEMETRY, '{"level": 1}', { qos: 1 });
    expect(taken).toHaveLength(1);
  });

  it('lets a status and other topics pass at once, a will among them', async () => {
    const listener = await client();
    await listener.subscribeAsync('aimak/v1/+/+/status');
    const will = new Promise<string>((resolve) =>
      listener.once('message', (_, payload) => resolve(payload.toString())),
    );
    const dying = await client({
      will: { topic: 'aimak/v1/toru/gw-1/status', payload: Buffer.from('{"online":false}'), qos: 1, retain: true },
    });
    dying.stream.destroy();
    expect(await will).toBe('{"online":false}');
  });
});

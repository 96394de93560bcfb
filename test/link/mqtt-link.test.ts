import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { connect } from 'mqtt';
import { describe, expect, it } from 'vitest';
import { startBroker } from '../../broker/broker.ts';
import { startMqttLink } from '../../link/mqtt-link.ts';
import { eventually } from '../harness/process.ts';
import { silentLog } from '../harness/readings.ts';

const options = (port: number) => ({ url: `mqtt://127.0.0.1:${port}`, clientId: 'test' });

describe('the MQTT link', () => {
  it('resolves a publish on the acknowledgement', async () => {
    const seen: string[] = [];
    const onTelemetry = async (_: unknown, payload: Uint8Array) => void seen.push(Buffer.from(payload).toString());
    const broker = await startBroker({ host: '127.0.0.1', port: 0 }, { onTelemetry, log: silentLog });
    const link = startMqttLink(options(broker.port), silentLog);
    expect(await link.connected(5_000)).toBe(true);
    await link.publish('aimak/v1/toru/d/telemetry', Buffer.from('x'));
    expect(seen).toEqual(['x']);
    await link.stop();
    await broker.stop();
  });

  it('rejects what was not acknowledged when it stops', async () => {
    const broker = await startBroker(
      { host: '127.0.0.1', port: 0 },
      { onTelemetry: () => new Promise(() => undefined), log: silentLog },
    );
    const link = startMqttLink(options(broker.port), silentLog);
    await link.connected(5_000);
    const published = expect(link.publish('aimak/v1/toru/d/telemetry', Buffer.from('x'))).rejects.toThrow();
    await link.stop();
    await published;
    await broker.stop();
  });

  it('sends what is for now over the connection that stands, or never', async () => {
    const seen: string[] = [];
    const see = (payload: Uint8Array) => void seen.push(Buffer.from(payload).toString());
    const deaf = await startBroker(
      { host: '127.0.0.1', port: 0 },
      {
        onTelemetry: (_, payload) => {
          see(payload);
          return new Promise(() => undefined);
        },
        log: silentLog,
      },
    );
    const { port } = deaf;
    const link = startMqttLink(options(port), silentLog);
    const topic = 'aimak/v1/toru/d/telemetry';
    await expect(link.publishNow(topic, Buffer.from('too early'))).rejects.toMatchObject({ code: 'link-away' });
    await link.connected(5_000);
    const published = expect(link.publishNow(topic, Buffer.from('now'))).rejects.toMatchObject({ code: 'link-away' });
    await eventually(
      () => seen,
      () => seen.includes('now'),
    );
    await deaf.stop();
    await published;
    const later = link.publish(topic, Buffer.from('at any time'));
    const broker = await startBroker(
      { host: '127.0.0.1', port },
      { onTelemetry: async (_, payload) => see(payload), log: silentLog },
    );
    await later;
    await link.publishNow(topic, Buffer.from('now again'));
    expect(seen).toEqual(['now', 'at any time', 'now again']);
    await link.stop();
    await broker.stop();
  });

  it('says within the time asked that no broker answers', async () => {
    const link = startMqttLink(options(1), silentLog);
    expect(await link.connected(50)).toBe(false);
    await link.stop();
  });

  it('tells of each connection, keeps what is to be retained, and has the broker tell its will', async () => {
    const broker = await startBroker(
      { host: '127.0.0.1', port: 0 },
      { onTelemetry: async () => undefined, log: silentLog },
    );
    const topic = 'aimak/v1/toru/gw-1/status';
    const link = startMqttLink({ ...options(broker.port), will: { topic, payload: Buffer.from('gone') } }, silentLog);
    await new Promise<void>((resolve) => link.onConnect(resolve));
    await new Promise<void>((resolve) => link.onConnect(resolve));
    await link.publish(topic, Buffer.from('here'), { retain: true });
    const heard: [string, boolean][] = [];
    const listener = connect(`mqtt://127.0.0.1:${broker.port}`);
    listener.on('message', (_, payload, { retain }) => heard.push([payload.toString(), retain]));
    await listener.subscribeAsync(topic, { qos: 1 });
    await link.stop();
    await eventually(
      () => heard.length,
      (count) => count === 2,
    );
    expect(heard.map(([text]) => text)).toEqual(['here', 'gone']);
    await listener.endAsync(true);
    await broker.stop();
  });
});

it('connects anew where the broker answers pings and acknowledges nothing', async () => {
  let connections = 0;
  const sockets = new Set<Socket>();
  const broker = createServer((socket) => {
    sockets.add(socket);
    connections++;
    // CONNACK to whatever comes first, and nothing after it.
    socket.once('data', () => socket.write(Buffer.of(0x20, 2, 0, 0)));
    socket.on('error', () => undefined);
  }).listen(0, '127.0.0.1');
  await once(broker, 'listening');
  const { port } = broker.address() as AddressInfo;
  const link = startMqttLink({ url: `mqtt://127.0.0.1:${port}`, clientId: 'd', ackWithinMs: 200 }, silentLog);
  const publishing = link.publish('t', Buffer.from('x')).catch((error: Error) => error.message);
  await eventually(
    () => connections,
    (count) => count > 1,
  );
  await link.stop();
  expect(await publishing).toBe('the link has stopped');
  for (const socket of sockets) socket.destroy();
  broker.close();
});

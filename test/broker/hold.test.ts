import { once } from 'node:events';
import mqtt from 'mqtt';
import { describe, expect, it } from 'vitest';
import { eventually } from '../harness/server.ts';
import {
  connectPacket,
  DISCONNECT,
  PINGREQ,
  PINGRESP,
  PUBACK,
  PUBLISH,
  publishPacket,
  type RawClient,
  rawSocket,
  subscribe,
} from './raw-client.ts';
import { TELEMETRY, type TestBroker, testBroker } from './test-broker.ts';

const HELD_LIMITS = { clientPackets: 100, heldMessages: 1_000 };

function backlog(from: number, messages: number): Buffer {
  return Buffer.concat(
    Array.from({ length: messages }, (_, i) => publishPacket(TELEMETRY, '{"level": 2.4}', from + i)),
  );
}

/** One segment a message: aedes would hold them all. */
async function sendOneByOne({ socket }: RawClient, messages: number): Promise<void> {
  for (let id = 1; id <= messages; id++) {
    if (!socket.write(publishPacket(TELEMETRY, '{"level": 2.4}', id))) await once(socket, 'drain');
    await new Promise(setImmediate);
  }
}

/** An answer on a connection of its own: the broker has had its chance to do more than it should. */
async function roundTrip(broker: TestBroker, id: string): Promise<void> {
  const other = await broker.connect({ id });
  other.socket.write(publishPacket('elsewhere', 'x', 1));
  await eventually(
    () => other.count(PUBACK),
    (n) => n === 1,
  );
  other.socket.destroy();
}

describe('telemetry that waits for its commit', () => {
  it('is read up to the limit of its client, also where each message comes by itself, and after that to the end', async () => {
    const broker = await testBroker({ limits: HELD_LIMITS });
    const device = await broker.connect({ id: 'device' });
    await sendOneByOne(device, 1_000);
    await roundTrip(broker, 'other');
    expect(broker.taken()).toBeGreaterThanOrEqual(100);
    expect(broker.taken()).toBeLessThan(500);
    broker.commitAll();
    await eventually(
      () => device.count(PUBACK),
      (n) => n === 1_000,
    );
    expect(broker.health().held).toEqual({ messages: 0, bytes: 0, refused: 0 });
  });

  it('is read on at half of the limit, however often it is reached', async () => {
    const broker = await testBroker({ limits: HELD_LIMITS });
    const device = await broker.connect({ id: 'device' });
    for (let from = 1; from <= 60_000; from += 2_000) device.socket.write(backlog(from, 2_000));
    for (let acknowledged = 0; acknowledged < 60_000; acknowledged = device.count(PUBACK)) {
      broker.commit(73);
      await new Promise(setImmediate);
    }
    expect(broker.taken()).toBe(60_000);
  });

  it('counts by its bytes too', async () => {
    const broker = await testBroker({ limits: { clientHeldBytes: 100_000 } });
    const device = await broker.connect({ id: 'device' });
    for (let id = 1; id <= 50; id++) device.socket.write(publishPacket(TELEMETRY, Buffer.alloc(20_000, 'x'), id));
    await eventually(broker.taken, (n) => n >= 5);
    await roundTrip(broker, 'other');
    expect(broker.taken()).toBeLessThan(15);
    broker.commitAll();
    await eventually(
      () => device.count(PUBACK),
      (n) => n === 50,
    );
  });

  it('holds QoS 0 to the same limits', async () => {
    const broker = await testBroker({ limits: { clientHeldBytes: 100_000 } });
    const device = await broker.connect({ id: 'device' });
    for (let i = 0; i < 50; i++) device.socket.write(publishPacket(TELEMETRY, Buffer.alloc(20_000, 'x')));
    await eventually(broker.taken, (n) => n >= 5);
    await roundTrip(broker, 'other');
    expect(broker.taken()).toBeLessThan(15);
    broker.commitAll();
    await eventually(broker.taken, (n) => n === 50);
  });

  it('leaves every client its turn when all of them together are at the limit', async () => {
    const broker = await testBroker({ limits: { clientPackets: 100, heldMessages: 2_500 } });
    const greedy = await Promise.all(Array.from({ length: 5 }, (_, i) => broker.connect({ id: `greedy-${i}` })));
    for (const { socket } of greedy) socket.write(backlog(1, 2_000));
    await eventually(
      () => broker.health().held.messages,
      (n) => n >= 2_500,
    );
    const modest = await broker.connect({ id: 'modest' });
    const before = broker.taken();
    modest.socket.write(backlog(1, 1));
    await eventually(broker.taken, (n) => n > before);
    broker.commitAll();
    for (const device of greedy)
      await eventually(
        () => device.count(PUBACK),
        (n) => n === 2_000,
      );
    expect(modest.count(PUBACK)).toBe(1);
  });

  it('is refused by hanging up where there is no room at all', async () => {
    const broker = await testBroker({ limits: { heldMessages: 2 } });
    for (let i = 0; i < 4; i++) (await broker.connect({ id: `device-${i}` })).socket.write(backlog(1, 1));
    await eventually(broker.taken, (n) => n === 4);
    const fifth = await broker.connect({ id: 'fifth' });
    fifth.socket.write(backlog(1, 1));
    await fifth.closed;
    expect(broker.health().held).toMatchObject({ messages: 4, refused: 1 });
  });

  it('lets everything else of its client pass at once', async () => {
    const broker = await testBroker();
    const listener = await broker.connect({ id: 'listener' });
    await subscribe(listener, ['aimak/v1/+/+/status', 'elsewhere']);
    const device = await broker.connect({ id: 'device' });
    device.socket.write(
      Buffer.concat([backlog(1, 300), publishPacket('aimak/v1/toru/gw-1/status', '{"online":true}', 301)]),
    );
    device.socket.write(publishPacket('elsewhere', 'x', 302));
    await eventually(
      () => listener.count(PUBLISH),
      (n) => n === 2,
    );
    expect(device.count(PUBACK)).toBe(2);
  });

  it('keeps no ping from its answer', async () => {
    const broker = await testBroker();
    const device = await broker.connect({ id: 'device', keepaliveS: 60 });
    device.socket.write(backlog(1, 300));
    await eventually(broker.taken, (n) => n === 300);
    device.socket.write(PINGREQ);
    await eventually(
      () => device.count(PINGRESP),
      (n) => n === 1,
    );
    expect(device.count(PUBACK)).toBe(0);
  });

  it('costs no client its connection for a silence that is our own, and answers the ping that we do not read', async () => {
    const broker = await testBroker({ limits: HELD_LIMITS });
    const device = await broker.connect({ id: 'device', keepaliveS: 1 });
    device.socket.write(Buffer.concat([backlog(1, 3_000), PINGREQ]));
    // The keepalive of 1.5 s would have run out by the third.
    await eventually(
      () => device.count(PINGRESP),
      (n) => n >= 3,
    );
    expect(broker.clients()).toBe(1);
    broker.commitAll();
    await eventually(
      () => device.count(PUBACK),
      (n) => n === 3_000,
    );
  });

  it('ends the connection when it has waited too long, with one line for all', async () => {
    const broker = await testBroker({ limits: { heldMs: 1_000 } });
    const devices = await Promise.all(Array.from({ length: 3 }, (_, i) => broker.connect({ id: `device-${i}` })));
    for (const { socket } of devices) socket.write(backlog(1, 10));
    await Promise.all(devices.map(({ closed }) => closed));
    expect(broker.lines).toHaveLength(1);
    expect(broker.lines[0]?.facts).toMatchObject({ clients: 3 });
  });

  it('is one line in the log when its client vanishes, and is counted until it is stored', async () => {
    const broker = await testBroker();
    const device = await broker.connect({ id: 'device' });
    device.socket.write(backlog(1, 300));
    await eventually(broker.taken, (n) => n === 300);
    device.socket.resetAndDestroy();
    await eventually(broker.clients, (n) => n === 0);
    expect(broker.health().held.messages).toBe(300);
    broker.commitAll();
    await eventually(
      () => broker.health().held.messages,
      (n) => n === 0,
    );
    expect(broker.lines).toHaveLength(1);
    expect(broker.lines[0]?.facts).toMatchObject({ client: 'device', held: 300 });
  });

  it('is handed over as well when it is the will of a client that is gone', async () => {
    const broker = await testBroker();
    const will = { topic: TELEMETRY, payload: Buffer.from('{"level": null}'), qos: 1 as const, retain: false };
    const dying = await mqtt.connectAsync(`mqtt://127.0.0.1:${broker.port}`, { will, reconnectPeriod: 0 });
    dying.stream.destroy();
    await eventually(broker.taken, (n) => n === 1);
    broker.commitAll();
    await eventually(
      () => broker.health().held.messages,
      (n) => n === 0,
    );
  });

  it('reaches the subscribers after its commit although its publisher of QoS 0 has left, which is no loss to tell of', async () => {
    const broker = await testBroker();
    const listener = await broker.connect({ id: 'listener' });
    await subscribe(listener, [TELEMETRY]);
    const brief = await broker.connect({ id: 'brief' });
    brief.socket.write(Buffer.concat([publishPacket(TELEMETRY, '{"level": 2.4}'), DISCONNECT]));
    await brief.closed;
    await eventually(broker.clients, (n) => n === 1);
    broker.commitAll();
    await eventually(
      () => listener.count(PUBLISH),
      (n) => n === 1,
    );
    expect(broker.lines).toEqual([]);
  });

  it('may be sent before CONNACK, hundreds at once', async () => {
    const broker = await testBroker();
    broker.commitAll();
    const hasty = rawSocket(broker.port);
    hasty.socket.write(Buffer.concat([connectPacket({ id: 'hasty' }), backlog(1, 300)]));
    await eventually(
      () => hasty.count(PUBACK),
      (n) => n === 300,
    );
    hasty.socket.destroy();
  });
});

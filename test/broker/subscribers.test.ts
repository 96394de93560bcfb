import { once } from 'node:events';
import mqtt from 'mqtt';
import { describe, expect, it } from 'vitest';
import { eventually } from '../harness/server.ts';
import { PUBACK, PUBLISH, publishPacket, type RawClient, subscribe } from './raw-client.ts';
import { TELEMETRY, type TestBroker, testBroker } from './test-broker.ts';

const KIB = 1024;
/** The kernel takes a few MB off a socket that nobody reads. */
const PAYLOAD = Buffer.alloc(64 * KIB, 'x');
const MESSAGES = 300;
const SLOW_LIMITS = { unreadSoftBytes: 128 * KIB, unreadHardBytes: 512 * KIB };

async function frozen(broker: TestBroker, id: string, qos: 0 | 1, isClean = true): Promise<RawClient> {
  const client = await broker.connect({ id, isClean });
  await subscribe(client, ['news/#'], qos);
  client.socket.pause();
  return client;
}

/** Ten at a time, and on when the reader has them: only the frozen one is ever behind. */
async function publishAll(broker: TestBroker, reader: RawClient | null, isAcknowledged = true): Promise<void> {
  const publisher = await broker.connect({ id: 'publisher' });
  for (let id = 1; id <= MESSAGES; id += 10) {
    for (let i = id; i < id + 10; i++) {
      publisher.socket.write(publishPacket('news/today', PAYLOAD, isAcknowledged ? i : undefined));
    }
    const atLeast = id + 9;
    if (isAcknowledged) await counted(publisher, PUBACK, atLeast);
    if (reader) await counted(reader, PUBLISH, atLeast);
  }
}

async function counted(client: RawClient, type: number, atLeast: number): Promise<void> {
  while (client.count(type) < atLeast) await once(client.socket, 'data');
}

describe('a subscriber that does not read', () => {
  it('costs neither the publisher nor the other subscribers anything, and loses QoS 0 beyond its limit', async () => {
    const broker = await testBroker({ limits: SLOW_LIMITS });
    await frozen(broker, 'frozen', 0);
    const reader = await broker.connect({ id: 'reader' });
    await subscribe(reader, ['news/#']);
    await publishAll(broker, reader, false);
    const { slowSubscribers } = broker.health();
    expect(slowSubscribers.dropped).toBeGreaterThan(MESSAGES / 3);
    expect(slowSubscribers.cutOff).toBe(0);
    expect(broker.clients()).toBe(3);
  });

  it('is cut off with one line when QoS 1 comes to the hard limit, while everybody else goes on', async () => {
    const broker = await testBroker({ limits: SLOW_LIMITS });
    const slow = await frozen(broker, 'frozen', 1);
    const reader = await broker.connect({ id: 'reader' });
    await subscribe(reader, ['news/#']);
    await publishAll(broker, reader);
    slow.socket.resume();
    await slow.closed;
    expect(broker.health().slowSubscribers.cutOff).toBe(1);
    expect(broker.lines.map(({ facts }) => facts)).toEqual([expect.objectContaining({ client: 'frozen' })]);
  });

  it('finds the messages of QoS 1 in its persistent session when it returns', async () => {
    const broker = await testBroker({ limits: SLOW_LIMITS });
    const slow = await frozen(broker, 'frozen', 1, false);
    await publishAll(broker, null);
    slow.socket.resume();
    await slow.closed;
    const returned = await broker.connect({ id: 'frozen', isClean: false });
    // It has acknowledged none, so all of them are owed.
    await eventually(
      () => returned.count(PUBLISH),
      (n) => n === MESSAGES,
    );
    expect(broker.health().queued).toMatchObject({ messages: MESSAGES, dropped: 0 });
  });

  it('is cut off when it has not taken a byte for some seconds, however little waits', async () => {
    const broker = await testBroker({ limits: { unreadMs: 1_000 } });
    const slow = await frozen(broker, 'frozen', 0);
    await publishAll(broker, null);
    await eventually(
      () => broker.health().slowSubscribers.cutOff,
      (n) => n === 1,
    );
    slow.socket.resume();
    await slow.closed;
  });

  it('is not read either until it reads: the answers to what it sends would pile up', async () => {
    const broker = await testBroker();
    broker.commitAll();
    const slow = await frozen(broker, 'frozen', 0);
    await publishAll(broker, null);
    slow.socket.write(Buffer.concat([1, 2, 3].map((id) => publishPacket(TELEMETRY, '{"level": 1}', id))));
    const other = await broker.connect({ id: 'other' });
    other.socket.write(publishPacket(TELEMETRY, '{"level": 2}', 1));
    await counted(other, PUBACK, 1);
    expect(broker.taken()).toBe(1);
    slow.socket.resume();
    await counted(slow, PUBACK, 3);
    expect(broker.taken()).toBe(4);
  });

  it('gets a message larger than its limit when nothing else waits', async () => {
    const broker = await testBroker({ limits: SLOW_LIMITS });
    const reader = await broker.connect({ id: 'reader' });
    await subscribe(reader, ['news/#']);
    const publisher = await broker.connect({ id: 'publisher' });
    publisher.socket.write(publishPacket('news/today', Buffer.alloc(1_000 * KIB)));
    await eventually(
      () => reader.count(PUBLISH),
      (n) => n === 1,
    );
  });

  it('gets all retained messages, though they are more than its limit', async () => {
    const broker = await testBroker({ limits: { unreadSoftBytes: 16 * KIB } });
    const publisher = await mqtt.connectAsync(`mqtt://127.0.0.1:${broker.port}`);
    for (let i = 0; i < 100; i++) await publisher.publishAsync(`kept/${i}`, PAYLOAD, { qos: 1, retain: true });
    await publisher.endAsync();
    const reader = await broker.connect({ id: 'reader' });
    await subscribe(reader, ['kept/#']);
    await eventually(
      () => reader.count(PUBLISH),
      (n) => n === 100,
    );
  });
});

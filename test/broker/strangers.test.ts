/** What strangers have the broker keep, and what of it stands in the log (issue 22, 4 and 8). */
import { describe, expect, it } from 'vitest';
import { eventually } from '../harness/server.ts';
import { connectPacket, PUBACK, PUBLISH, publishPacket, type RawClient, rawSocket, subscribe } from './raw-client.ts';
import { TELEMETRY, testBroker } from './test-broker.ts';

const KIB = 1024;
const ACCEPTED = 0;
const IDENTIFIER_REJECTED = 2;
const SERVER_UNAVAILABLE = 3;
const REFUSED = 128;
const long = (name: string): string => `${name}/${'x'.repeat(60 * KIB)}`;
const pot = { ownBytes: 4 * KIB, eachBytes: 300 * KIB, totalBytes: 400 * KIB };

describe.each([
  ['a clean session', true],
  ['a session that outlives its connection', false],
])('filters of %s', (_, isClean) => {
  const limits = { limits: { filterBytes: pot }, sessionLimits: { filterBytes: pot } };

  it('are bounded in bytes for one client and for all, and refused with 0x80', async () => {
    const broker = await testBroker(limits);
    const granted = [];
    for (const id of ['one', 'two', 'three']) {
      const client = await broker.connect({ id, isClean });
      granted.push([
        ...(await subscribe(
          client,
          [1, 2, 3].map((n) => long(`${id}${n}`)),
          1,
        )),
      ]);
    }
    // Each of 120 KiB: two for one client, three for all.
    expect(granted).toEqual([
      [1, 1, REFUSED],
      [1, REFUSED, REFUSED],
      [REFUSED, REFUSED, REFUSED],
    ]);
    expect(broker.health().refused.subscriptions).toBe(6);
  });

  it('of a device are granted when strangers have taken all there is', async () => {
    const broker = await testBroker(limits);
    for (const id of ['one', 'two'])
      await subscribe(await broker.connect({ id, isClean }), [long(`${id}1`), long(`${id}2`)], 1);
    const device = await broker.connect({ id: 'device', isClean });
    expect([...(await subscribe(device, ['aimak/v1/toru/tank-1-level/command'], 1))]).toEqual([1]);
  });

  it('make room for others once they are given up', async () => {
    const broker = await testBroker(limits);
    const first = await broker.connect({ id: 'one', isClean });
    const filters = [long('a'), long('b')];
    await subscribe(first, filters, 1);
    first.socket.write(unsubscribePacket(filters));
    await eventually(
      () => first.count(UNSUBACK),
      (n) => n === 1,
    );
    const second = await broker.connect({ id: 'two', isClean });
    expect([...(await subscribe(second, [long('c'), long('d')], 1))]).toEqual([1, 1]);
  });
});

const UNSUBACK = 11;

function unsubscribePacket(filters: readonly string[]): Buffer {
  const texts = filters.flatMap((filter) => {
    const length = Buffer.alloc(2);
    length.writeUInt16BE(Buffer.byteLength(filter));
    return [length, Buffer.from(filter)];
  });
  return withHeader(0xa2, Buffer.concat([Buffer.from([0, 2]), ...texts]));
}

function withHeader(first: number, body: Buffer): Buffer {
  const length = [];
  for (let left = body.length; length.length === 0 || left > 0; left >>= 7)
    length.push((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
  return Buffer.concat([Buffer.from([first, ...length]), body]);
}

/** CONNECT with a will of so many bytes. */
function withWill(id: string, payloadBytes: number): Buffer {
  const text = (value: string): Buffer =>
    Buffer.concat([Buffer.from([value.length >> 8, value.length & 0xff]), Buffer.from(value)]);
  const header = Buffer.from([0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 6, 0, 0]);
  return withHeader(0x10, Buffer.concat([header, text(id), text('will'), text('w'.repeat(payloadBytes))]));
}

const CONNACK = 2;

async function answerTo(port: number, connect: Buffer): Promise<number | undefined> {
  const client = rawSocket(port);
  client.socket.write(connect);
  await eventually(
    () => client.count(CONNACK),
    (n) => n === 1,
  );
  return client.packets[0]?.body[1];
}

describe('a connection', () => {
  it('is refused with a client id beyond all measure, which stands nowhere in full', async () => {
    const broker = await testBroker();
    expect(await answerTo(broker.port, connectPacket({ id: 'i'.repeat(257) }))).toBe(IDENTIFIER_REJECTED);
    expect(await answerTo(broker.port, connectPacket({ id: 'i'.repeat(256) }))).toBe(ACCEPTED);
    expect(broker.health()).toMatchObject({ sessions: 0, refused: { signIns: 1 } });
    expect(JSON.stringify(broker.lines).length).toBeLessThan(1_000);
  });

  it('is refused with a large will where wills take all there is, but not with a small one', async () => {
    const broker = await testBroker({ limits: { wills: { ownBytes: 100, eachBytes: 3_000, totalBytes: 4_000 } } });
    expect(await answerTo(broker.port, withWill('one', 3_500))).toBe(SERVER_UNAVAILABLE);
    expect(await answerTo(broker.port, withWill('two', 2_500))).toBe(ACCEPTED);
    expect(await answerTo(broker.port, withWill('three', 2_500))).toBe(SERVER_UNAVAILABLE);
    expect(await answerTo(broker.port, withWill('four', 90))).toBe(ACCEPTED);
  });

  it('gives its will back when it ends', async () => {
    const broker = await testBroker({ limits: { wills: { ownBytes: 0, eachBytes: 3_000, totalBytes: 4_000 } } });
    for (let i = 0; i < 5; i++) {
      const client = rawSocket(broker.port);
      client.socket.write(withWill(`${i}`, 2_500));
      await eventually(
        () => client.count(CONNACK),
        (n) => n === 1,
      );
      expect(client.packets[0]?.body[1]).toBe(ACCEPTED);
      client.socket.destroy();
      await eventually(broker.clients, (n) => n === 0);
    }
  });

  it('gives way, the oldest first, where too many do not say CONNECT', async () => {
    const broker = await testBroker({ limits: { strangers: 3, connectTimeoutMs: 60_000 } });
    const known = await broker.connect({ id: 'known' });
    const strangers: RawClient[] = [];
    for (let i = 0; i < 4; i++) {
      strangers.push(rawSocket(broker.port));
      await subscribe(await broker.connect({ id: `in between ${i}` }), ['x']);
    }
    await strangers[0]?.closed;
    await eventually(
      () => strangers.filter(({ socket }) => !socket.destroyed).length,
      (n) => n <= 3,
    );
    expect(known.socket.destroyed).toBe(false);
  });
});

describe('a packet that is not whole', () => {
  const begun = (bytes: number): Buffer => publishPacket('news', Buffer.alloc(2_000_000)).subarray(0, bytes);

  it('is cut off where all of them take too much memory: whoever has sent most first, and not a device', async () => {
    const broker = await testBroker({ limits: { partialBytes: 1_000_000 } });
    const device = await broker.connect({ id: 'device' });
    const telemetry = publishPacket(TELEMETRY, Buffer.alloc(60_000), 1);
    device.socket.write(telemetry.subarray(0, 50_000));
    const [small, large] = [await broker.connect({ id: 'small' }), await broker.connect({ id: 'large' })];
    small.socket.write(begun(450_000));
    large.socket.write(begun(700_000));
    await large.closed;
    device.socket.write(telemetry.subarray(50_000));
    await eventually(broker.taken, (n) => n === 1);
    expect([device.socket.destroyed, small.socket.destroyed]).toEqual([false, false]);
    small.socket.destroy();
    await eventually(
      () => broker.health().partialBytes,
      (bytes) => bytes === 0,
    );
  });

  it('counts with what its pieces cost', async () => {
    const broker = await testBroker({ limits: { packetBytes: 100_000 } });
    const crumbs = await broker.connect({ id: 'crumbs' });
    let sent = 0;
    crumbs.socket.write(begun(10));
    while (!crumbs.socket.destroyed && sent < 5_000) {
      crumbs.socket.write('x');
      sent++;
      await new Promise(setImmediate);
    }
    await crumbs.closed;
  });

  it('is bounded before CONNECT is there', async () => {
    const broker = await testBroker({ limits: { connectBytes: 10_000 } });
    const stranger = rawSocket(broker.port);
    stranger.socket.write(connectPacket({ id: 'i'.repeat(60_000) }).subarray(0, 50_000));
    await stranger.closed;
    expect(broker.lines.map(({ sentence }) => sentence)).toEqual(['cut off: a packet beyond all measure']);
  });

  it('has so long and no longer', async () => {
    const broker = await testBroker({ limits: { partialMs: 1_000 } });
    const slow = await broker.connect({ id: 'slow' });
    slow.socket.write(begun(100));
    await slow.closed;
  });
});

describe('the log', () => {
  it('has one short line for any number of connections that are refused', async () => {
    const broker = await testBroker();
    for (let i = 0; i < 30; i++) {
      const client = await broker.connect({ id: `stranger ${i}` });
      client.socket.write(publishPacket(`aimak/v1/${'t'.repeat(60_000)}`, 'x'));
      await client.closed;
    }
    expect(broker.lines.length).toBeLessThanOrEqual(2);
    expect(JSON.stringify(broker.lines).length).toBeLessThan(2_000);
  });
});

describe('a message for very many filters', () => {
  it('does not keep a device waiting, and all of them are delivered', async () => {
    const broker = await testBroker();
    broker.commitAll();
    const filters = Array.from({ length: 64 }, (_, i) =>
      Array.from({ length: 6 }, (_, bit) => ((i >> bit) & 1 ? '+' : 'a')).join('/'),
    );
    const readers: RawClient[] = [];
    for (let i = 0; i < 10; i++) {
      const reader = await broker.connect({ id: `reader ${i}` });
      await subscribe(reader, filters);
      readers.push(reader);
    }
    const [sender, device] = [await broker.connect({ id: 'sender' }), await broker.connect({ id: 'device' })];
    sender.socket.write(Buffer.concat(new Array(500).fill(publishPacket('a/a/a/a/a/a', 'x'))));
    device.socket.write(publishPacket(TELEMETRY, '{"level":1}', 1));
    await eventually(
      () => device.count(PUBACK),
      (n) => n === 1,
    );
    const soFar = readers.reduce((sum, reader) => sum + reader.count(PUBLISH), 0);
    expect(soFar).toBeLessThan(5_000);
    await eventually(
      () => readers.every((reader) => reader.count(PUBLISH) === 500),
      (isDone) => isDone,
    );
  });
});

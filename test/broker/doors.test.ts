import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { eventually } from '../harness/server.ts';
import { connectPacket, PINGREQ, PINGRESP, PUBLISH, publishPacket, rawSocket, subscribe } from './raw-client.ts';
import { type TestBroker, testBroker } from './test-broker.ts';

/** All that came before has been dealt with. */
async function roundTrip(broker: TestBroker): Promise<void> {
  const client = await broker.connect({ id: 'round-trip' });
  client.socket.write(PINGREQ);
  await eventually(
    () => client.count(PINGRESP),
    (n) => n === 1,
  );
  client.socket.destroy();
}

describe('who is let in', () => {
  it('refuses a shared subscription, which would be granted and then deliver nothing, and says so once', async () => {
    const broker = await testBroker();
    const client = await broker.connect({ id: 'sharing' });
    const granted = await subscribe(client, ['$share/group/news', '$SYS/#', 'news'], 1);
    expect([...granted]).toEqual([128, 128, 1]);
    expect(broker.lines).toHaveLength(1);
  });

  it('does not keep a refused filter in the session', async () => {
    const broker = await testBroker();
    const client = await broker.connect({ id: 'sharing', isClean: false });
    await subscribe(client, ['$share/group/news'], 1);
    expect(broker.health().sessions).toBe(0);
  });

  it('grants so many filters and no more, also in one packet', async () => {
    const broker = await testBroker({ limits: { filters: 3 } });
    const client = await broker.connect({ id: 'curious', isClean: false });
    const granted = await subscribe(client, ['a', 'b', 'c', 'd', 'a'], 1);
    expect([...granted]).toEqual([1, 1, 1, 128]);
  });

  it('refuses connections beyond its limit and serves those it has', async () => {
    const broker = await testBroker({ limits: { connections: 2 } });
    const [first, second] = [await broker.connect({ id: 'first' }), await broker.connect({ id: 'second' })];
    await rawSocket(broker.port).closed;
    await subscribe(first, ['news']);
    second.socket.write(publishPacket('news', 'x'));
    await eventually(
      () => first.count(PUBLISH),
      (n) => n === 1,
    );
    expect(broker.health()).toMatchObject({ clients: 2, connectionsRefused: 1 });
    expect(broker.lines).toHaveLength(1);
  });

  it('forgets a client whose connection ends in the middle of signing in', async () => {
    const broker = await testBroker();
    const broken = rawSocket(broker.port);
    broken.socket.write(Buffer.concat([connectPacket({ id: 'broken' }), Buffer.from([0xf0, 0])]));
    await broken.closed;
    await roundTrip(broker);
    await eventually(broker.clients, (n) => n === 0);
  });

  it('keeps one of many connections that come at once with one name, and counts no other', async () => {
    const broker = await testBroker();
    const first = await broker.connect({ id: 'popular' });
    await subscribe(first, ['news', 'more/#']);
    const rush = Array.from({ length: 20 }, () => rawSocket(broker.port));
    await Promise.all(rush.map(({ socket }) => once(socket, 'connect')));
    await roundTrip(broker);
    for (const { socket } of rush) socket.write(connectPacket({ id: 'popular' }));
    await eventually(
      () => rush.filter(({ socket }) => !socket.destroyed).length,
      (n) => n === 1,
    );
    expect(broker.clients()).toBe(1);
    for (const { socket } of rush) socket.destroy();
    await eventually(broker.clients, (n) => n === 0);
  });

  it('waits only so long for CONNECT', async () => {
    const broker = await testBroker({ limits: { connectTimeoutMs: 100 } });
    await rawSocket(broker.port).closed;
    expect(broker.lines.map(({ sentence }) => sentence)).toEqual(['client lost']);
  });

  it.each([
    ['text', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')],
    ['a packet type that does not exist', Buffer.from([0xf0, 0])],
    ['a publish without CONNECT', publishPacket('news', 'x')],
    ['a CONNECT cut short', Buffer.from([0x10, 4, 0, 4, 0x4d, 0x51])],
    ['zeroes', Buffer.alloc(100)],
  ])('hangs up on %s', async (_, bytes) => {
    const broker = await testBroker({ limits: { connectTimeoutMs: 300 } });
    const stranger = rawSocket(broker.port);
    stranger.socket.write(bytes);
    await stranger.closed;
    expect(broker.clients()).toBe(0);
  });
});

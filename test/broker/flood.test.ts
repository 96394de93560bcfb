import { describe, expect, it } from 'vitest';
import { eventually } from '../harness/server.ts';
import { PUBACK, publishPacket, subscribe } from './raw-client.ts';
import { testBroker } from './test-broker.ts';

const PUBLISHERS = 50;
const FLOOD = Buffer.concat(Array.from({ length: 1_300 }, () => publishPacket('news/today', 'x'.repeat(20))));
/** More than the kernel takes off a socket that nobody reads. */
const STUFFING = Buffer.concat(Array.from({ length: 300 }, () => publishPacket('news/today', Buffer.alloc(65_000))));

describe('a flood of QoS 0', () => {
  // With the emitter of aedes this is a RangeError that nobody catches: the stack is as deep as the line is long.
  it('leaves the broker standing when its subscriber stops reading and then leaves', async () => {
    const broker = await testBroker();
    const reader = await broker.connect({ id: 'reader' });
    await subscribe(reader, ['news/#']);
    reader.socket.pause();
    const stuffer = await broker.connect({ id: 'stuffer' });
    stuffer.socket.write(STUFFING);
    await eventually(
      () => broker.health().slowSubscribers.dropped,
      (n) => n > 0,
    );
    const publishers = await Promise.all(
      Array.from({ length: PUBLISHERS }, (_, i) => broker.connect({ id: `publisher-${i}` })),
    );
    for (const { socket } of publishers) socket.write(FLOOD);
    await new Promise(setImmediate);
    reader.socket.destroy();
    for (const publisher of publishers) publisher.socket.write(publishPacket('elsewhere', 'x', 1));
    await eventually(
      () => publishers.filter((publisher) => publisher.count(PUBACK) === 1).length,
      (n) => n === PUBLISHERS,
    );
    expect(broker.clients()).toBe(PUBLISHERS + 1);
  });
});

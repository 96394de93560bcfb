import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type MessagePlan, plannedMessage, plannedValue } from '../../bench/load/message-plan.ts';
import { createMessageWriter } from '../../bench/load/message-writer.ts';
import { createPacketReader, publishPacket } from '../../bench/load/mqtt-packet.ts';

const plan: MessagePlan = {
  connections: 3,
  topics: ['aimak/v1/town/a/telemetry', 'aimak/v1/town/b/telemetry'],
  metrics: ['flow_rate', 'pressure'],
  payloadBytes: 120,
  firstTs: 1_795_413_849_000,
  stepMs: 10,
};

const topics = (count: number): string[] => Array.from({ length: count }, (_, i) => `device-${i}`);

describe('a plan of messages', () => {
  it('never has the same device and time twice', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 }), (connections, devices) => {
        const of = { ...plan, connections, topics: topics(devices) };
        const readings = Array.from({ length: 500 }, (_, n) => plannedMessage(n, of));
        expect(new Set(readings.map(({ device, ts }) => `${device} ${ts}`)).size).toBe(500);
      }),
    );
  });

  it('keeps every device to one connection where there are enough devices', () => {
    const of = { ...plan, connections: 5, topics: topics(17) };
    const connectionOf = new Map<number, number>();
    for (let n = 0; n < 1_000; n++) {
      const { device } = plannedMessage(n, of);
      expect(connectionOf.get(device) ?? n % 5).toBe(n % 5);
      connectionOf.set(device, n % 5);
    }
    expect(connectionOf.size).toBe(17);
  });

  it('gives values of four digits that change by one thousandth a millisecond', () => {
    for (let ts = plan.firstTs; ts < plan.firstTs + 20_000; ts++) {
      const [value, next] = [plannedValue(ts, 1), plannedValue(ts + 1, 1)];
      expect(value).toBeGreaterThanOrEqual(1);
      expect(value).toBeLessThan(5);
      expect(Math.abs(next - value)).toBeLessThan(0.0011);
    }
  });
});

describe('a message writer', () => {
  function parse(packet: Uint8Array): { topic: string; messageId: number; payload: string } {
    const packets: { topic: string; messageId: number; payload: string }[] = [];
    createPacketReader((_, bytes, start, end) => {
      const body = Buffer.from(bytes.subarray(start, end));
      const topicEnd = 2 + body.readUInt16BE(0);
      packets.push({
        topic: body.toString('utf8', 2, topicEnd),
        messageId: body.readUInt16BE(topicEnd),
        payload: body.toString('utf8', topicEnd + 2),
      });
    })(packet);
    const [first = { topic: '', messageId: 0, payload: '' }] = packets;
    return first;
  }

  it('writes the device, time and values that the plan says, padded to the size', () => {
    const writer = createMessageWriter(plan, 1);
    for (const n of [0, 1, 2, 77, 12_345]) {
      const { device, ts } = plannedMessage(n, plan);
      const { topic, messageId, payload } = parse(writer.write(n, n + 1));
      expect(topic).toBe(plan.topics[device]);
      expect(messageId).toBe(n + 1);
      expect(payload).toHaveLength(120);
      expect(JSON.parse(payload)).toEqual({
        ts,
        values: { flow_rate: plannedValue(ts, 0), pressure: plannedValue(ts, 1) },
      });
    }
  });

  it('leaves alone a packet that is still on its way', () => {
    const writer = createMessageWriter({ ...plan, topics: plan.topics.slice(0, 1) }, 1);
    const kept = writer.write(1, 1);
    const before = Buffer.from(kept);
    writer.keepLast();
    writer.write(2, 2);
    expect(kept).toEqual(before);
  });
});

describe('a packet reader', () => {
  it('finds the same packets however the stream is cut', () => {
    const packets = [10, 127, 128, 300, 20_000].map((size) => publishPacket('t', Buffer.alloc(size, size), 0));
    const stream = Buffer.concat(packets);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 9_000 }), { minLength: 1 }), (sizes) => {
        const lengths: number[] = [];
        const read = createPacketReader((_, __, start, end) => lengths.push(end - start));
        // As a socket does that reads into the same memory each time.
        const memory = Buffer.alloc(9_000);
        for (let at = 0, i = 0; at < stream.length; i++) {
          const taken = stream.copy(memory, 0, at, at + (sizes[i % sizes.length] ?? 1));
          read(memory.subarray(0, taken));
          at += taken;
        }
        expect(lengths).toEqual([13, 130, 131, 303, 20_003]);
      }),
      { numRuns: 30 },
    );
  });
});

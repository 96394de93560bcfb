import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeTelemetry, encodeBacklog, encodeTelemetry, MAX_PAYLOAD_BYTES } from '../../model/telemetry.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);
const frames = (text: string) => {
  const decoded = decodeTelemetry(bytes(text));
  return decoded.ok ? decoded.frames : decoded.reason;
};

describe('telemetry (contract 2.2)', () => {
  it('decodes what it encodes', () => {
    const values = fc.dictionary(
      fc.stringMatching(/^[a-z][a-z_]{0,20}$/).filter((name) => !['ts', 'seq', 'values'].includes(name)),
      fc.oneof(
        fc.double({ noNaN: true, noDefaultInfinity: true }).map((v) => (v === 0 ? 0 : v)),
        fc.boolean(),
        fc.constant(null),
      ),
      { minKeys: 1, noNullPrototype: true },
    );
    const frame = fc.record({ ts: fc.integer({ min: 0, max: 4e12 }), seq: fc.nat(), values });
    fc.assert(
      fc.property(fc.array(frame, { minLength: 1, maxLength: 20 }), (sent) => {
        const decoded = decodeTelemetry(encodeTelemetry(sent));
        expect(decoded).toEqual({ ok: true, frames: sent });
      }),
    );
  });

  it('splits a backlog into messages within the size limit, in order, losing nothing', () => {
    const values = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`active_power_l${i}`, 12345.678]));
    const sent = Array.from({ length: 1_000 }, (_, i) => ({ ts: 1.7e12 + i, values }));
    const payloads = encodeBacklog(sent);
    expect(Math.max(...payloads.map((payload) => payload.byteLength))).toBeLessThanOrEqual(MAX_PAYLOAD_BYTES);
    const received = payloads.flatMap((payload) => {
      const decoded = decodeTelemetry(payload);
      return decoded.ok ? decoded.frames.map((frame) => frame.ts) : [];
    });
    expect(received).toEqual(sent.map((frame) => frame.ts));
  });

  it('never throws, whatever bytes come', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.json().map(bytes)), (payload) => {
        expect(typeof decodeTelemetry(payload).ok).toBe('boolean');
      }),
    );
  });

  it('takes values alone, one frame, or a backlog', () => {
    expect(frames('{"level": 2.4}')).toEqual([{ ts: undefined, seq: undefined, values: { level: 2.4 } }]);
    expect(frames('{"ts": 5, "values": {"level": 2.4}}')).toEqual([{ ts: 5, seq: undefined, values: { level: 2.4 } }]);
    expect(frames('[{"ts": 5, "values": {"level": 1}}, {"ts": 6, "values": {"level": 2}}]')).toHaveLength(2);
  });

  it('takes ts beside values alone for what it says', () => {
    expect(frames('{"ts": 5, "level": 2.4}')).toEqual([{ ts: 5, seq: undefined, values: { level: 2.4 } }]);
  });

  it('keeps the others where a device wrote NaN or Infinity', () => {
    expect(frames('{"level": NaN, "pressure": -Infinity, "flow_rate": 3, "x": "NaN"}')).toMatchObject([
      { values: { level: 'NaN', pressure: 'NaN', flow_rate: 3, x: 'NaN' } },
    ]);
  });

  it.each([
    ['{"level": 2.', 'bad-json'],
    ['{"level": "NaN', 'bad-json'],
    ['', 'bad-json'],
    ['2.4', 'bad-shape'],
    ['{}', 'bad-shape'],
    ['[]', 'bad-shape'],
    ['[[1]]', 'bad-shape'],
    ['{"ts": 5}', 'bad-shape'],
    ['{"values": [1]}', 'bad-shape'],
    ['{"values": {}}', 'bad-shape'],
    [`{"level": ${'1'.repeat(MAX_PAYLOAD_BYTES)}}`, 'too-large'],
  ])('refuses %.20s as %s', (text, reason) => {
    expect(frames(text)).toBe(reason);
  });
});

import { describe, expect, it } from 'vitest';
import { acceptTelemetry } from '../../ingest/accept.ts';
import { createReceiptClock } from '../../ingest/receipt-clock.ts';
import { parseDeviceTopic } from '../../model/topic.ts';
import { smallPlant } from '../harness/readings.ts';

const NOW = Date.UTC(2026, 10, 23);
const plant = smallPlant();

function accept(topic: string, payload: string) {
  const parsed = parseDeviceTopic(topic);
  if (!parsed) throw new Error(topic);
  const receiptMs = createReceiptClock(() => NOW);
  return acceptTelemetry(parsed, Buffer.from(payload), { plant, nowMs: NOW, latestTs: NOW + 600_000, receiptMs });
}

const level = (payload: string) => accept('aimak/v1/toru/tank-1-level/telemetry', payload);

describe('accepting telemetry (contract 2.2 to 2.4)', () => {
  it('takes a reading with the time and value that the device gave', () => {
    expect(level(`{"ts": ${NOW - 5}, "values": {"level": 2.4}}`)).toMatchObject({
      received: 1,
      readings: [{ device: 'tank-1-level', metric: 'level', ts: NOW - 5, value: 2.4, quality: 'good' }],
      rejects: [],
    });
  });

  it('gives readings without a believable time that of receipt, each another, as uncertain', () => {
    const { readings } = level('[{"level": 1}, {"level": 2}, {"ts": 1000, "values": {"level": 3}}]');
    expect(readings.map(({ ts, quality }) => [ts, quality])).toEqual([
      [NOW, 'uncertain'],
      [NOW + 1, 'uncertain'],
      [NOW + 2, 'uncertain'],
    ]);
  });

  it('keeps null as a reading of quality bad, never as 0', () => {
    expect(level(`{"ts": ${NOW}, "values": {"level": null}}`).readings).toMatchObject([
      { value: null, quality: 'bad' },
    ]);
  });

  it('takes yes and no as true, false, 1 or 0', () => {
    const pump = (value: string) => accept('aimak/v1/toru/pump-1/telemetry', `{"pump_running": ${value}}`);
    expect(pump('true').readings[0]?.value).toBe(1);
    expect(pump('0').readings[0]?.value).toBe(0);
    expect(pump('2').rejects[0]?.reason).toBe('wrong-type');
    expect(pump('"on"').rejects[0]?.reason).toBe('wrong-type');
  });

  it.each([
    ['{"level": "high"}', 'wrong-type'],
    ['{"level": {"a": 1}}', 'wrong-type'],
    ['{"level": true}', 'wrong-type'],
    ['{"level": NaN}', 'not-a-number'],
    ['{"level": 1e999}', 'not-a-number'],
    ['{"level": 10.01}', 'out-of-range'],
    ['{"levl": 2}', 'unknown-metric'],
    ['{"__proto__": 2}', 'unknown-metric'],
    [`{"ts": "yesterday", "values": {"level": 1}}`, 'bad-time'],
    [`{"ts": ${NOW}.5, "values": {"level": 1}}`, 'bad-time'],
    [`{"ts": ${NOW + 600_001}, "values": {"level": 1}}`, 'time-in-future'],
    ['not json', 'bad-json'],
    ['{}', 'bad-shape'],
  ])('rejects %s as %s, with a detail for people', (payload, reason) => {
    const { received, readings, rejects } = level(payload);
    expect(rejects).toMatchObject([{ reason, device: 'tank-1-level' }]);
    expect(rejects[0]?.detail).not.toBe('');
    expect([received, readings.length]).toEqual([1, 0]);
  });

  it('keeps the good readings of a message beside the rejected ones', () => {
    const { received, readings, rejects } = accept(
      'aimak/v1/toru/plain/telemetry',
      '{"pressure": 3.1, "flow_rate": NaN, "nonsense": 1, "level": 500}',
    );
    expect(received).toBe(4);
    expect(readings.map((r) => r.metric)).toEqual(['pressure']);
    expect(rejects.map((r) => r.reason)).toEqual(['not-a-number', 'unknown-metric', 'out-of-range']);
  });

  it('rejects every reading of an unknown device, or of one under another site', () => {
    expect(accept('aimak/v1/toru/ghost/telemetry', '{"a": 1, "b": 2}').rejects.map((r) => r.reason)).toEqual([
      'unknown-device',
      'unknown-device',
    ]);
    expect(accept('aimak/v1/naryn/plain/telemetry', '{"level": 1}').rejects[0]?.detail).toContain(
      'belongs to site "toru"',
    );
  });

  it('takes a replay of 2019', () => {
    expect(level(`{"ts": ${Date.UTC(2019, 0, 1)}, "values": {"level": 1}}`).readings).toHaveLength(1);
  });

  it.each([
    ['a name', `{"${'k'.repeat(60_000)}": 1}`],
    ['a text', `{"level": "${'v'.repeat(60_000)}"}`],
    ['a time', `{"ts": "${'9'.repeat(60_000)}", "level": 1}`],
    ['brackets', `{"level": ${'['.repeat(32_000)}${']'.repeat(32_000)}}`],
    ['brackets for a time', `{"ts": ${'['.repeat(32_000)}${']'.repeat(32_000)}, "level": 1}`],
    ['an open string', `{"x": "${'\\"'.repeat(32_700)}\\`],
    ['a number', `{"level": ${'9'.repeat(60_000)}}`],
  ])('tells of %s of 60 KB in a short reject', (_, payload) => {
    const { received, rejects } = level(payload);
    expect([received, rejects.length]).toEqual([1, 1]);
    expect(JSON.stringify(rejects).length).toBeLessThan(400);
  });
});

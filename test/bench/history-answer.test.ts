import { describe, expect, it } from 'vitest';
import { computeBuckets, sameBuckets } from '../../bench/history-answer.ts';
import { type Past, pastTs, pastValue } from '../../bench/past.ts';

const readings = [
  [100, 1],
  [104, 4],
  [109, 2],
  [121, 7],
  [130, 9],
] as const;

describe('the computation that answers are compared with', () => {
  const query = { from: 100, to: 130, points: 3 };

  it('has buckets from the beginning on, and leaves out the empty ones', () => {
    expect(computeBuckets(readings, { ...query, aggregate: 'minmax' })).toEqual([
      [100, 1, 4, 7 / 3],
      [120, 7, 7, 7],
    ]);
    expect(computeBuckets(readings, { ...query, aggregate: 'last' })).toEqual([
      [100, 2],
      [120, 7],
    ]);
  });

  it('forgives the last digits of a mean and nothing else', () => {
    expect(sameBuckets([[100, 7 / 3 + 1e-12]], [[100, 7 / 3]])).toBe(true);
    expect(sameBuckets([[100, 2.3334]], [[100, 7 / 3]])).toBe(false);
    expect(sameBuckets([[100, null]], [[100, 0]])).toBe(false);
    expect(sameBuckets([], [[100, 1]])).toBe(false);
  });
});

describe('a past', () => {
  const past: Past = {
    devices: ['a', 'b'],
    metrics: ['level'],
    readings: 1_000,
    everyMs: 60_000,
    untilMs: 1_795_000_000_123,
  };

  it('ends before its end, in whole seconds, one interval apart', () => {
    for (const device of [0, 1]) {
      const times = Array.from({ length: past.readings }, (_, i) => pastTs(past, device, i));
      expect(times.at(-1)).toBeLessThanOrEqual(past.untilMs);
      expect(times.every((ts) => ts % 1_000 === 0)).toBe(true);
      expect((times[1] ?? 0) - (times[0] ?? 0)).toBe(60_000);
    }
  });

  it('says the same of the same time, in thousandths', () => {
    const value = pastValue(3, 1, 1_795_000_000_000);
    expect(pastValue(3, 1, 1_795_000_000_000)).toBe(value);
    expect(Math.round(value * 1_000) / 1_000).toBe(value);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createHistogram } from '../../bench/load/histogram.ts';

describe('a histogram of durations', () => {
  it('gives quantiles that are at most 1.6 % above the true ones and never below', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.1, max: 100_000, noNaN: true }), { minLength: 1, maxLength: 200 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (durations, q) => {
          const histogram = createHistogram();
          for (const ms of durations) histogram.record(ms);
          const exact = durations.toSorted((a, b) => a - b)[Math.ceil(q * durations.length) - 1] ?? 0;
          expect(histogram.quantileMs(q)).toBeGreaterThanOrEqual(exact);
          expect(histogram.quantileMs(q)).toBeLessThanOrEqual(exact * 1.016 + 0.001);
        },
      ),
    );
  });

  it('knows the longest exactly', () => {
    const histogram = createHistogram();
    for (const ms of [1.5, 823.125, 40]) histogram.record(ms);
    expect(histogram.maxMs()).toBe(823.125);
    expect(histogram.quantileMs(1)).toBe(823.125);
  });

  it('takes what is longer than it can tell apart', () => {
    const histogram = createHistogram();
    histogram.record(1e9);
    expect(histogram.count()).toBe(1);
    expect(histogram.maxMs()).toBe(1e9);
  });

  it('is empty after clearing', () => {
    const histogram = createHistogram();
    histogram.record(5);
    histogram.clear();
    expect([histogram.count(), histogram.maxMs(), histogram.quantileMs(0.99)]).toEqual([0, 0, 0]);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { less, more, shown } from '../../bench/compare/compare-run.ts';
import { type Better, chanceOfAsMuch, judge, type Pair } from '../../bench/compare/paired.ts';
import { isBorne, toComparison } from '../../bench/compare/report.ts';
import { parseWrittenBytes } from '../../bench/proc.ts';

const pairsOf = (...ratios: readonly number[]): Pair[] =>
  ratios.map((ratio, i) => ({ base: 20 + i, now: (20 + i) * ratio }));
const verdict = (better: Better, bar: number | null, ...ratios: readonly number[]): string =>
  judge(pairsOf(...ratios), better, bar).verdict;

/** Normal noise that is the same in every run of the test. */
function createNoise(seed: number): () => number {
  let state = seed;
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(next())) * Math.cos(2 * Math.PI * next());
}

/** How often comparisons of five rounds are called worse than 1.05 at a true ratio, where the ratio of a round varies so. */
function shareCalledWorse(trueRatio: number, spread: number): number {
  const noise = createNoise(7);
  const times = 4_000;
  let worse = 0;
  for (let i = 0; i < times; i++) {
    const ratios = Array.from({ length: 5 }, () => trueRatio * Math.exp(spread * noise()));
    if (verdict('less', 1.05, ...ratios) === 'worse') worse++;
  }
  return worse / times;
}

describe('the verdict on a ratio', () => {
  it('is worse where all five rounds lie beyond the bar', () => {
    expect(verdict('less', 1.05, 1.12, 1.09, 1.2, 1.06, 1.1)).toBe('worse');
    expect(verdict('more', 0.95, 0.9, 0.94, 0.8, 0.93, 0.91)).toBe('worse');
  });

  it('is good where all five lie within', () => {
    expect(verdict('less', 1.05, 1.01, 0.99, 1.04, 1, 0.97)).toBe('good');
    expect(verdict('more', 0.95, 1.3, 0.96, 1.02, 1, 0.99)).toBe('good');
  });

  it('is open where one of five does not agree', () => {
    expect(verdict('less', 1.05, 1.12, 1.09, 1.2, 1.04, 1.1)).toBe('open');
    expect(verdict('more', 0.95, 1, 1.01, 0.99, 0.94, 1)).toBe('open');
  });

  it('bears one spoiled round where more were measured', () => {
    expect(verdict('less', 1.05, 1.12, 1.09, 1.2, 1.04, 1.1, 1.13, 1.11, 1.14)).toBe('worse');
  });

  it('holds a figure to a bar that asks for less than the base took', () => {
    expect(verdict('less', 0.4, 0.38, 0.37, 0.39, 0.36, 0.38)).toBe('good');
    expect(verdict('less', 0.4, 0.5, 0.47, 0.49, 0.46, 0.48)).toBe('worse');
  });

  it('is not made of what was not measured, nor of what has no bar', () => {
    expect(verdict('less', 1.05, 1, 1, Number.NaN, 1, 1)).toBe('not measured');
    expect(judge([{ base: 0, now: 0 }], 'less', 1.05).verdict).toBe('not measured');
    expect(verdict('less', 1.05)).toBe('not measured');
    expect(verdict('less', null, 2, 2, 2, 2, 2)).toBe('shown');
  });

  it('tells the middle of the ratios, not the ratio of the middles, and how far they lie apart', () => {
    const { ratio } = judge(
      [
        { base: 10, now: 11 },
        { base: 20, now: 20 },
        { base: 40, now: 48 },
      ],
      'less',
      null,
    );
    expect(ratio).toEqual({ median: 1.1, min: 1, max: 1.2 });
  });

  it('catches what ADR 0023 says it catches, and lets equal commits pass', () => {
    expect(shareCalledWorse(1.15, 0.03)).toBeGreaterThan(0.98);
    expect(shareCalledWorse(1.1, 0.02)).toBeGreaterThan(0.9);
    expect(shareCalledWorse(1.05, 0.05)).toBeLessThan(0.05);
    expect(shareCalledWorse(1, 0.05)).toBeLessThan(0.003);
  });
});

describe('the chance of values as far above 0', () => {
  it('is that of Wilcoxon’s table', () => {
    expect(chanceOfAsMuch([1, 2, 3, 4, 5])).toBe(1 / 32);
    expect(chanceOfAsMuch([-1, 2, 3, 4, 5])).toBe(2 / 32);
    expect(chanceOfAsMuch([-1, -2, -3, -4, -5])).toBe(1);
    expect(chanceOfAsMuch([-1, 2, -3, -4, 5, 6, 7, 8, 9, 10])).toBe(25 / 1024);
  });

  it('counts every way to give the sizes a sign', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -4, max: 4 }), { minLength: 1, maxLength: 8 }), (values) => {
        const sizes = values.map(Math.abs);
        const rank = (size: number): number =>
          sizes.filter((other) => other < size).length + (sizes.filter((other) => other === size).length + 1) / 2;
        const sumAbove = (isAbove: (i: number) => boolean): number =>
          sizes.reduce((sum, size, i) => (isAbove(i) ? sum + rank(size) : sum), 0);
        const seen = sumAbove((i) => (values[i] ?? 0) > 0);
        const ways = Array.from({ length: 2 ** sizes.length }, (_, way) => sumAbove((i) => ((way >> i) & 1) === 1));
        expect(chanceOfAsMuch(values)).toBeCloseTo(ways.filter((sum) => sum >= seen).length / ways.length, 12);
      }),
    );
  });
});

describe('a comparison', () => {
  const about = {
    compare: 'full',
    base: '901a382',
    rounds: 5,
    busy: 0,
    date: '2026-11-30T22:00:00.000Z',
    node: 'v26.10.0',
    machine: { cpu: 'X', cores: 2, memoryGb: 24 },
  };
  const run = {
    figures: [more('acknowledged', 'msg/s'), less('CPU a message', 'us'), shown('PUBACK, p99', 'ms')],
    measure: () => Promise.resolve([]),
  };
  const same = pairsOf(1, 1.01, 0.99, 1, 1.02);
  const tripled = pairsOf(3, 3.1, 2.9, 3, 3.2);

  it('is borne where nothing is worse than it must be, whatever the p99 does', () => {
    expect(isBorne(toComparison(about, run, [same, same, tripled]))).toBe(true);
  });

  it('is not borne where one figure is worse, was not measured, or the run failed', () => {
    expect(isBorne(toComparison(about, run, [same, tripled, same]))).toBe(false);
    expect(isBorne(toComparison(about, run, [same, pairsOf(1, 1, 1, 1, Number.NaN), same]))).toBe(false);
    expect(isBorne({ ...about, failed: 'it hung', figures: [] })).toBe(false);
  });
});

describe('what a process had written', () => {
  it('is less what was dropped before it got to the disk', () => {
    const io =
      'rchar: 9\nwchar: 8\nsyscr: 7\nsyscw: 6\nread_bytes: 5\nwrite_bytes: 8192\ncancelled_write_bytes: 4096\n';
    expect(parseWrittenBytes(io)).toBe(4_096);
  });

  it('is no number where the system does not tell', () => {
    expect(parseWrittenBytes('')).toBeNaN();
  });
});

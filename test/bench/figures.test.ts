import { describe, expect, it } from 'vitest';
import { atLeast, below, exactly, figure, noBar } from '../../bench/figure.ts';
import { markdownTable } from '../../bench/markdown-table.ts';
import { parseCpuSeconds } from '../../bench/proc.ts';
import { median, quantile } from '../../bench/statistics.ts';

describe('a figure', () => {
  it('is judged by the median of its repeats and tells them all', () => {
    expect(figure(['rate', 'msg/s'], atLeast(100), [90, 130, 110])).toEqual({
      name: 'rate',
      value: 110,
      unit: 'msg/s',
      bar: '>= 100',
      isMet: true,
      repeats: [90, 130, 110],
    });
  });

  it('misses its bar where nothing was measured', () => {
    expect(figure(['rate', 'msg/s'], atLeast(100), []).isMet).toBe(false);
    expect(figure(['rss', 'MB'], below(100), Number.NaN).isMet).toBe(false);
  });

  it('keeps counts to the last digit', () => {
    expect(figure(['lost', 'readings'], exactly(1_234_567), 1_234_567)).toMatchObject({
      value: 1_234_567,
      isMet: true,
    });
    expect(figure(['lost', 'readings'], exactly(0), 1).isMet).toBe(false);
  });

  it('without a bar is always met', () => {
    expect(figure(['p50', 'ms'], noBar, Number.NaN).isMet).toBe(true);
  });
});

describe('statistics', () => {
  it('takes the middle, or between the two in the middle', () => {
    expect(median([5, 1, 3])).toBe(3);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(quantile([10, 20, 30, 40, 50], 0.25)).toBe(20);
  });

  it('knows nothing of nothing', () => {
    expect(median([])).toBeNaN();
  });
});

describe('the CPU time of a process', () => {
  it('is read behind a command that holds brackets itself', () => {
    const fields = ['S', ...Array<string>(10).fill('0'), '250', '50', '0'];
    expect(parseCpuSeconds(`42 (a) b (c)) ${fields.join(' ')}`)).toBe(3);
  });
});

describe('the table for the docs', () => {
  const about = { date: '2026-11-23T08:00:00.000Z', node: 'v26.10.0', machine: { cpu: 'X', cores: 2, memoryGb: 24 } };
  const line = (result: object): string => JSON.stringify({ run: 'ingest', ...about, ...result });

  it('shows the last result of each run, whatever else stands in the file', () => {
    const text = [
      '> aimak-watch@0.1.0 bench',
      line({ figures: [figure(['rate', 'msg/s'], atLeast(100), [90])] }),
      line({ figures: [figure(['rate', 'msg/s'], atLeast(100), [31_000, 32_000, 33_000])] }),
    ].join('\n');
    const table = markdownTable(text);
    expect(table).toContain('2 cores of X, 24 GB, Node v26.10.0, 2026-11-23');
    expect(table).toContain('| ingest | rate | 32,000 | msg/s | >= 100 | yes | 31,000, 32,000, 33,000 |');
    expect(table).not.toContain('| 90 |');
  });

  it('says what was missed, skipped, failed or not measured', () => {
    const text = [
      line({ figures: [figure(['rss', 'MB'], below(100), Number.NaN)] }),
      JSON.stringify({ run: 'sync', ...about, skipped: 'no strace', figures: [] }),
      JSON.stringify({ run: 'kill', ...about, failed: 'the server ended\nwith 1', figures: [] }),
    ].join('\n');
    const table = markdownTable(text);
    expect(table).toContain('| ingest | rss | not measured | MB | < 100 | **no** |');
    expect(table).toContain('| sync | skipped: no strace |');
    expect(table).toContain('| kill | failed: the server ended |');
  });
});

import { describe, expect, it } from 'vitest';
import {
  type ChartPoint,
  extent,
  gapMs,
  toChartPoints,
  valueRange,
  withGaps,
  withLive,
} from '../../dashboard/web/charts/series-points.ts';

const point = (ts: number, mean: number | null): ChartPoint => ({ ts, min: mean, max: mean, mean });

describe('points of a chart', () => {
  it('stand in the middle of their bucket, and never in the future', () => {
    const points = [
      [1000, 1, 3, 2],
      [2000, 2, 4, 3],
    ];
    const [first, last] = toChartPoints({ bucketMs: 1000, points }, 2200);
    expect(first).toEqual({ ts: 1500, min: 1, max: 3, mean: 2 });
    expect(last?.ts).toBe(2200);
  });

  it('of one value each have no band', () => {
    expect(toChartPoints({ bucketMs: 0, points: [[1000, 7]] }, 9000)).toEqual([point(1000, 7)]);
  });

  it('keep a failed reading as a hole', () => {
    expect(toChartPoints({ bucketMs: 0, points: [[1000, null]] }, 9000)).toEqual([point(1000, null)]);
  });

  it('take a newer live value behind, and no older one', () => {
    const points = [point(1000, 1)];
    expect(withLive(points, 2000, 5)).toEqual([point(1000, 1), point(2000, 5)]);
    expect(withLive(points, 1000, 5)).toBe(points);
  });

  it('are not joined over a gap', () => {
    const longest = gapMs(60_000, 60);
    const points = [point(0, 1), point(60_000, 2), point(300_000, 3)];
    expect(withGaps(points, longest).map((p) => p.mean)).toEqual([1, 2, null, 3]);
  });

  it('of a slow device are joined at its own pace', () => {
    expect(gapMs(60_000, 900)).toBe(1_350_000);
    expect(gapMs(3_600_000, 60)).toBe(5_400_000);
  });

  it('tell their least and greatest, or that there are none', () => {
    expect(extent([point(0, 4), point(1, null), point(2, -1)])).toEqual([-1, 4]);
    expect(extent([point(0, null)])).toBeNull();
  });
});

describe('the vertical range', () => {
  it('holds a limit that is near, and leaves out one that would flatten the line', () => {
    const [low, high] = valueRange([2, 3], [3.8, 40], 0.2);
    expect(low).toBeLessThan(2);
    expect(high).toBeGreaterThan(3.8);
    expect(high).toBeLessThan(5);
  });

  it('is not so narrow that noise looks like news', () => {
    const [low, high] = valueRange([3, 3.01], [], 0.2);
    expect(high - low).toBeGreaterThanOrEqual(0.2);
  });

  it('does not go below zero for what never did', () => {
    expect(valueRange([0, 10], [], 1)[0]).toBe(0);
    expect(valueRange([-42, -41], [], 1)[0]).toBeLessThan(-42);
  });
});

import { describe, expect, it } from 'vitest';
import { rangeBar, sparkPath } from '../../dashboard/web/charts/spark-path.ts';
import type { LimitWire } from '../../dashboard/wire.ts';

const point = (ts: number, mean: number | null) => ({ ts, min: mean, max: mean, mean });
const limit = (below: number | null, above: number | null): LimitWire => ({
  rule: 'r',
  device: 'd',
  metric: 'pressure',
  below,
  above,
  is: null,
  priority: 'high',
});

describe('a sparkline', () => {
  it('begins anew behind a hole', () => {
    const path = sparkPath([point(0, 1), point(25, 2), point(50, null), point(75, 2), point(100, 1)], 0, 100);
    expect(path).toBe('M0.0 27.0L25.0 1.0M75.0 1.0L100.0 27.0');
  });

  it('draws a standing value in the middle', () => {
    expect(sparkPath([point(0, 5), point(100, 5)], 0, 100)).toBe('M0.0 14.0L100.0 14.0');
  });

  it('is empty without readings in its time', () => {
    expect(sparkPath([point(0, 5)], 10, 20)).toBe('');
  });
});

describe('the range bar', () => {
  it('shows a value between its limits inside the normal band', () => {
    const bar = rangeBar([limit(1.5, null), limit(null, 6)], 3);
    expect(bar?.at).toBeGreaterThan(bar?.normalFrom ?? 1);
    expect(bar?.at).toBeLessThan(bar?.normalTo ?? 0);
  });

  it('stretches for a value far outside', () => {
    expect(rangeBar([limit(1.5, 6)], 20)?.at).toBe(1);
    expect(rangeBar([limit(1.5, 6)], -4)?.at).toBe(0);
  });

  it('takes the tighter of two limits, and leaves an open side open', () => {
    const [loose, tight] = [rangeBar([limit(1, null)], 2), rangeBar([limit(1, null), limit(1.5, null)], 2)];
    expect(loose?.normalTo).toBe(1);
    expect(tight?.normalFrom).toBeGreaterThan(0);
  });

  it('is not drawn without a limit', () => {
    expect(rangeBar([], 3)).toBeNull();
  });
});

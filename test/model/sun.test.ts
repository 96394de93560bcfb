import { describe, expect, it } from 'vitest';
import { litPeriod, nextSunEvent, sunAltitudeDeg } from '../../model/sun.ts';

const BISHKEK = { lat: 42.87, lon: 74.59 };
/** UTC+6 the year round. */
const local = (month: number, day: number, hour: number, minute = 0): number =>
  Date.UTC(2026, month - 1, day, hour - 6, minute);
const minutesApart = (a: number | null, b: number): number => Math.abs((a ?? 0) - b) / 60_000;

describe('the sun', () => {
  // Computed for 2026 with the NOAA formulas (reference/kyrgyz-context.md).
  it.each([
    [3, 20, 7, 6, 19, 14],
    [6, 21, 5, 23, 20, 44],
    [9, 23, 6, 50, 18, 58],
    [12, 21, 8, 29, 17, 30],
  ])('rises and sets over Bishkek on %i/%i when the tables say', (month, day, riseH, riseM, setH, setM) => {
    const midnight = local(month, day, 0);
    expect(
      minutesApart(nextSunEvent(BISHKEK, 'sunrise', midnight), local(month, day, riseH, riseM)),
    ).toBeLessThanOrEqual(1);
    expect(minutesApart(nextSunEvent(BISHKEK, 'sunset', midnight), local(month, day, setH, setM))).toBeLessThanOrEqual(
      1,
    );
  });

  it('stands below the horizon all through an unshifted lit period, and above it just outside', () => {
    const period = litPeriod(BISHKEK, { on: 'sunset', off: 'sunrise' }, local(11, 23, 23));
    if (!period) throw new Error('no period');
    for (let at = period.onAt; at <= period.offAt; at += 600_000)
      expect(sunAltitudeDeg(BISHKEK, at)).toBeLessThan(-0.7);
    expect(sunAltitudeDeg(BISHKEK, period.onAt - 600_000)).toBeGreaterThan(-0.8);
    expect(sunAltitudeDeg(BISHKEK, period.offAt + 600_000)).toBeGreaterThan(-0.8);
  });

  it('gives the period that holds a time, or else the next, with its offsets', () => {
    const schedule = { on: 'sunset+10m', off: 'sunrise-10m' };
    const night = litPeriod(BISHKEK, schedule, local(11, 24, 2));
    expect(litPeriod(BISHKEK, schedule, local(11, 23, 12))).toEqual(night);
    expect(litPeriod(BISHKEK, schedule, (night?.offAt ?? 0) - 1)).toEqual(night);
    expect(litPeriod(BISHKEK, schedule, night?.offAt ?? 0)?.onAt).toBeGreaterThan(night?.offAt ?? 0);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { direction, forecast, ratePerHour, surfaceAt, volumeAt } from '../../dashboard/web/view/level-math.ts';

const HOUR_MS = 3_600_000;
const NOW = 500 * HOUR_MS;
const cone = [
  [0, 0],
  [1, 50],
  [4, 350],
] as const;

describe('volume of a reservoir', () => {
  it.each([
    [0.5, 25],
    [1, 50],
    [2.5, 200],
    [4, 350],
    [-1, 0],
    [9, 350],
  ])('at %f m is %f m3', (levelM, volume) => {
    expect(volumeAt(cone, levelM)).toBeCloseTo(volume);
  });

  it('is not invented without a table', () => {
    expect(volumeAt([], 2)).toBeNull();
  });

  it('never falls while the level rises', () => {
    const level = fc.double({ min: -1, max: 6, noNaN: true });
    fc.assert(
      fc.property(level, level, (a, b) => {
        expect(volumeAt(cone, Math.min(a, b))).toBeLessThanOrEqual(volumeAt(cone, Math.max(a, b)) ?? 0);
      }),
    );
  });

  it.each([
    [0.5, 50],
    [2, 100],
    [7, 100],
  ])('grows at %f m by %f m3 a metre', (levelM, surface) => {
    expect(surfaceAt(cone, levelM)).toBeCloseTo(surface);
  });
});

describe('rate of the last hour', () => {
  const line = (perHour: number, everyMin: number, hours: number) =>
    Array.from({ length: Math.floor((hours * 60) / everyMin) }, (_, i) => {
      const ts = NOW - i * everyMin * 60_000;
      return [ts, 3 + (perHour * (ts - NOW)) / HOUR_MS] as const;
    }).toReversed();

  it('is the slope, whatever came before', () => {
    expect(ratePerHour([[NOW - 5 * HOUR_MS, 99], ...line(-0.12, 5, 1)], NOW)).toBeCloseTo(-0.12);
  });

  it('passes over readings that failed', () => {
    expect(ratePerHour([...line(0.2, 10, 1), [NOW - 1, null]], NOW)).toBeCloseTo(0.2);
  });

  it('is not told from too few readings or too short a time', () => {
    expect(ratePerHour(line(0.2, 30, 1), NOW)).toBeNull();
    expect(ratePerHour(line(0.2, 1, 0.2), NOW)).toBeNull();
  });

  it('of a few mm an hour is a standing level', () => {
    expect(direction(0.009)).toBe('steady');
    expect(direction(-0.02)).toBe('falling');
    expect(direction(0.02)).toBe('rising');
  });
});

describe('hours left', () => {
  const marks = { fireReserveM: 1.2, overflowM: 3.8, emptyM: 0 };

  it.each([
    ['to the fire reserve while falling above it', 2.1, -0.1, 'fireReserve', 9],
    ['to empty while falling below it', 1, -0.1, 'empty', 10],
    ['to the overflow while rising to it within the hour', 3.6, 0.25, 'overflow', 0.8],
  ] as const)('%s', (_, levelM, rate, until, hours) => {
    const next = forecast(levelM, rate, marks);
    expect(next?.until).toBe(until);
    expect(next?.hours).toBeCloseTo(hours);
  });

  it.each([
    ['standing', 2, 0.005],
    ['above its overflow', 3.9, 0.2],
    ['in an ordinary filling', 3.3, 0.25],
    ['days away', 3.5, -0.02],
  ])('are not told of a level %s', (_, levelM, rate) => {
    expect(forecast(levelM, rate, marks)).toBeNull();
  });

  it('are not told of an overflow nobody declared', () => {
    expect(forecast(3, 0.2, { emptyM: 0 })).toBeNull();
  });
});

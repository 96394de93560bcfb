import { describe, expect, it } from 'vitest';
import { judge, type ValueState, worstOf } from '../../dashboard/web/view/age.ts';
import type { LiveWire } from '../../dashboard/wire.ts';

const NOW = 1_769_137_200_000;
const pace = { lateAfterS: 120, staleAfterS: 180, onChange: ['door_open'] };

function read(metric: string, ageS: number, quality: LiveWire['quality'] = 'good') {
  return { metric, ts: NOW - ageS * 1000, quality };
}

describe('the age of a value', () => {
  it.each<[string, ReturnType<typeof read> | null, number, ValueState]>([
    ['is fresh within its interval', read('level', 60), 0, 'fresh'],
    ['is fresh up to the very second of late', read('level', 120), 0, 'fresh'],
    ['is late after that', read('level', 121), 0, 'late'],
    ['is stale after three intervals', read('level', 181), 0, 'stale'],
    ['is stale when the server says so, however young', read('level', 5, 'stale'), 0, 'stale'],
    ['is bad when the device could not read it', read('level', 5, 'bad'), 0, 'bad'],
    ['is stale rather than bad once it is old', read('level', 500, 'bad'), 0, 'stale'],
    ['is unknown when it was never seen', null, 0, 'unknown'],
    ['is fresh when the device clock runs ahead', read('level', -30), 0, 'fresh'],
    ['is that of the device where it reports on change', read('door_open', 9000), NOW - 30_000, 'fresh'],
    ['grows stale with its silent device', read('door_open', 9000), NOW - 400_000, 'stale'],
    ['is its own where it reports periodically', read('level', 9000), NOW - 30_000, 'stale'],
  ])('%s', (_, live, newestTs, expected) => {
    expect(judge(live, pace, newestTs, NOW)).toBe(expected);
  });
});

describe('a figure made of several values', () => {
  it('says no more than the worst of them', () => {
    expect(worstOf(['fresh', 'stale', 'late'])).toBe('stale');
    expect(worstOf(['fresh', 'fresh'])).toBe('fresh');
    expect(worstOf([])).toBe('unknown');
  });
});

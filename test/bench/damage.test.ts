import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Said } from '../../bench/damage-ask.ts';
import { compare } from '../../bench/damage-compare.ts';
import { ANY_FILE } from '../../bench/damage-kinds.ts';
import { temporaryFolder } from '../harness/server.ts';

const TRUTH: Said = {
  series: new Map([
    [
      'd/level',
      new Map<number, number | null>([
        [1, 2],
        [2, null],
        [3, 4],
      ]),
    ],
  ]),
  buckets: new Map([
    [
      'd/level',
      [
        [0, 2, 4, 3],
        [5, null, null, null],
      ],
    ],
  ]),
  live: [{ device: 'd', metric: 'level', ts: 3, value: 4 }],
  facts: new Map([
    ['alarm a', '{"state":"acknowledged"}'],
    ['work w', '{}'],
  ]),
  pending: 10,
  isSignedIn: true,
  isOpen: false,
};

const seriesOf = (...points: [number, number | null][]) => ({ series: new Map([['d/level', new Map(points)]]) });

describe('what a damaged folder serves', () => {
  it('is compared with itself without a difference', () => {
    expect(compare(TRUTH, TRUTH)).toEqual({ lies: [], missing: [] });
  });

  it.each<[string, Partial<Said>, string]>([
    ['another value', seriesOf([1, 2.5], [2, null], [3, 4]), 'd/level 1,2.5'],
    ['a value in place of none', seriesOf([1, 2], [2, 0], [3, 4]), 'd/level 2,0'],
    ['a reading that never was', seriesOf([1, 2], [2, null], [3, 4], [9, 4]), 'd/level 9,4'],
    [
      'a bucket beyond what was there',
      { buckets: new Map([['d/level', [[0, -1, 4, 3]]]]) },
      'd/level bucket 0: -1 to 4, mean 3',
    ],
    [
      'a bucket where nothing was',
      { buckets: new Map([['d/level', [[7, 2, 4, 3]]]]) },
      'd/level bucket 7: 2 to 4, mean 3',
    ],
    [
      'a live value of no reading',
      { live: [{ device: 'd', metric: 'level', ts: 3, value: 5 }] },
      'live d/level 5 at 3',
    ],
    [
      'another state of an alarm',
      {
        facts: new Map([
          ['alarm a', '{"state":"normal"}'],
          ['work w', '{}'],
        ]),
      },
      'alarm a {"state":"normal"}',
    ],
  ])('is a lie with %s', (_, said, lie) => {
    expect(compare(TRUTH, { ...TRUTH, ...said }).lies).toEqual([lie]);
  });

  it('is told by kind where something is gone, and a gap is no lie', () => {
    const said = { ...TRUTH, ...seriesOf([1, 2]), facts: new Map(), pending: 4, isSignedIn: false };
    expect(compare(TRUTH, said)).toEqual({
      lies: [],
      missing: ['2 readings', '1 alarm', '1 work', '1 sign-in', '6 readings on their way'],
    });
  });
});

it('a seed gives the same damage again, another seed another', () => {
  const file = join(temporaryFolder(), 'file');
  const damaged = (name: string, seed: number): string => {
    writeFileSync(file, Buffer.alloc(65_536, 1));
    ANY_FILE.find((damage) => damage.name === name)?.inflict(file, seed);
    return readFileSync(file).toString('base64');
  };
  for (const name of ['a page zeroed', 'a page garbled', '40 bits flipped']) {
    expect(damaged(name, 1)).toBe(damaged(name, 1));
    expect(new Set([1, 2, 3, 4].map((seed) => damaged(name, seed))).size).toBeGreaterThan(1);
  }
});

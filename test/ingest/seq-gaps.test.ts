import { describe, expect, it } from 'vitest';
import { createSeqGaps } from '../../ingest/seq-gaps.ts';
import type { DeviceId } from '../../model/ids.ts';

const START_MS = Date.UTC(2026, 0, 1);
const LATEST_TS = START_MS + 86_400_000;
const frame = (seq: unknown, afterMs?: number) => ({
  seq,
  ts: afterMs === undefined ? undefined : START_MS + afterMs,
  values: {},
});

/** Frames of one device in the order they came; the number is also the time, where none is given. */
function gaps(...heard: (number | readonly [seq: unknown, ts: number | undefined])[]): number {
  const counter = createSeqGaps();
  for (const each of heard) {
    const [seq, ts] = typeof each === 'number' ? [each, each] : each;
    counter.heard('meter' as DeviceId, [frame(seq, ts)], LATEST_TS);
  }
  return counter.total();
}

describe('counting gaps in what devices number', () => {
  it.each([
    ['nothing missing', [0, 1, 2, 3], 0],
    ['begun in the middle of a session', [118, 119], 0],
    ['three missing', [0, 1, 5, 6], 3],
    ['two holes', [0, 2, 3, 5], 2],
    ['a repeat', [0, 1, 1, 2, 0, 1, 2, 3], 0],
    ['two reordered', [0, 2, 1, 3], 0],
    ['a hole filled from its middle', [0, 6, 3, 1, 5], 2],
    ['a late one that comes twice', [0, 5, 3, 3], 3],
    ['a backlog behind the newest', [0, 100, ...Array.from({ length: 99 }, (_, i) => i + 1)], 0],
  ])('%s: %j leaves %i', (_, seqs, missing) => {
    expect(gaps(...seqs)).toBe(missing);
  });

  it('takes a lower number in a newer frame for a start from 0', () => {
    expect(gaps(7, 8, [0, 100], [1, 101])).toBe(0);
    expect(gaps(7, 8, [2, 100], [3, 101])).toBe(2);
  });

  it('keeps late frames of before a restart out of the new count', () => {
    expect(gaps(7, 8, [0, 100], [9, 9], [8, 8], [1, 101])).toBe(0);
  });

  it('goes on when the clock of a device is set back', () => {
    expect(gaps([0, 1000], [1, 1001], [2, 500], [3, 501], [5, 503])).toBe(1);
  });

  it('counts on when a clock is lost among losses, and set again', () => {
    const in1970 = 60_000 - START_MS;
    expect(gaps(0, 1, [3, in1970], [4, in1970 + 1], [5, 10], [6, 11])).toBe(1);
  });

  it('does without times', () => {
    expect(gaps([0, undefined], [1, undefined], [3, undefined], [2, undefined], [2, undefined])).toBe(0);
    expect(gaps([8, undefined], [9, undefined], [0, undefined], [2, undefined])).toBe(1);
  });

  it('passes over what is no count', () => {
    expect(gaps([0, 1], ['7', 2], [-3, 3], [1.5, 4], [null, 5], [1, 6])).toBe(0);
  });

  it.each([
    ['one number far off, and on as before', [7, 8, [4e15, 9], [9, 10], [11, 12]], 1],
    ['the greatest number there is', [7, [Number.MAX_SAFE_INTEGER, 8], [8, 9], [9, 10]], 0],
    ['a new numbering from far off', [7, 8, [5e9, 9], [5e9 + 1, 10], [5e9 + 3, 11]], 1],
    ['numbers at random', [7, [3e9, 8], [6e9, 9], [2e9, 10], [9e9, 11]], 0],
    [
      'back from far off where it began',
      [
        [5e9, 1],
        [5e9 + 1, 2],
        [0, 3],
        [1, 4],
        [3, 5],
      ],
      1,
    ],
    [
      'back from far off to high numbers',
      [
        [5e9, 1],
        [5e9 + 1, 2],
        [2e6, 3],
        [2e6 + 1, 4],
        [2e6 + 3, 5],
      ],
      1,
    ],
    ['two that lie far off, apart from each other', [7, [4e9, 8], [4e9 + 2, 9], [8, 10], [9, 11]], 0],
    ['the most that is believed to be lost', [0, [100_001, 1]], 100_000],
  ] as const)('a number far off is no gap: %s', (_, seqs, missing) => {
    expect(gaps(...seqs)).toBe(missing);
  });

  it('counts on after a time of years ahead', () => {
    expect(gaps(0, 1, [2, 19 * 365 * 86_400_000], [3, 3], [5, 5], [7, 7], [8, 8])).toBe(2);
    expect(gaps(0, [2, 19 * 365 * 86_400_000], [4, 4], [6, 6])).toBe(3);
  });

  it('counts each device by itself, and frames of one message in their order', () => {
    const counter = createSeqGaps();
    counter.heard('a' as DeviceId, [frame(0, 1), frame(1, 2), frame(3, 4)], LATEST_TS);
    counter.heard('b' as DeviceId, [frame(7, 1), frame(9, 2)], LATEST_TS);
    expect(counter.total()).toBe(2);
  });

  it('remembers only so many holes of a device: older ones stay counted', () => {
    const counter = createSeqGaps();
    const odd = Array.from({ length: 40 }, (_, i) => frame(2 * i, 2 * i));
    counter.heard('meter' as DeviceId, odd, LATEST_TS);
    counter.heard('meter' as DeviceId, [frame(1, 1), frame(77, 77)], LATEST_TS);
    expect(counter.total()).toBe(38);
  });
});

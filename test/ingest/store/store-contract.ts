/** What every ReadingStore must do; each implementation runs it (contract 2.5, 3.4). */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ReadingStore } from '../../../ingest/store/reading-store.ts';
import type { Aggregate } from '../../../model/history.ts';
import { reading } from '../../harness/readings.ts';

export interface StoreFixture {
  /** The same data each time it is called. */
  open(): Promise<ReadingStore>;
  remove(): Promise<void>;
}

export function describeStore(name: string, create: () => Promise<StoreFixture>): void {
  describe(`${name} as a reading store`, () => {
    let fixture: StoreFixture;
    let store: ReadingStore;

    beforeEach(async () => {
      fixture = await create();
      store = await fixture.open();
    });
    afterEach(async () => {
      await store.stop();
      await fixture.remove();
    });

    const level = (ts: number, value: number | null) => reading('tank-1-level', 'level', ts, value);
    const ask = (aggregate: Aggregate, range: { from: number; to: number; points: number }) =>
      store.history({ device: 'tank-1-level', metric: 'level', aggregate, ...range });
    const all = { from: 0, to: 1e13, points: 1000 };

    it('stores once: the same again is a duplicate, another value a conflict, and the first stays', async () => {
      expect(await store.append([level(1, 2.5), level(2, null)])).toEqual(['stored', 'stored']);
      expect(await store.append([level(1, 2.5), level(1, 2.6), level(2, null), level(2, 0), level(3, 1)])).toEqual([
        ...['duplicate', 'conflict', 'duplicate', 'conflict', 'stored'],
      ]);
      expect((await ask('raw', all)).points).toEqual([
        [1, 2.5],
        [2, null],
        [3, 1],
      ]);
    });

    it('sees repeats within one call', async () => {
      expect(await store.append([level(1, 2), level(1, 2), level(1, 3)])).toEqual(['stored', 'duplicate', 'conflict']);
    });

    it('gives raw values back bit for bit, in order of time, after it was opened again', async () => {
      const values = fc.uniqueArray(
        fc.record({
          ts: fc.integer({ min: 0, max: 4e12 }),
          value: fc.double({ noNaN: true, noDefaultInfinity: true }),
        }),
        { selector: (r) => r.ts, minLength: 1, maxLength: 50 },
      );
      let device = 0;
      await fc.assert(
        fc.asyncProperty(values, async (sent) => {
          const name = `d-${device++}`;
          // accept.ts makes one of -0 and 0
          const readings = sent.map(({ ts, value }) => reading(name, 'level', ts, value === 0 ? 0 : value));
          await store.append(readings);
          const { points } = await store.history({ device: name, metric: 'level', aggregate: 'raw', ...all });
          expect(points).toEqual(
            readings.map(({ ts, value }) => [ts, value]).sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0)),
          );
        }),
        { numRuns: 30 },
      );
      await store.append([level(1, 0.1 + 0.2)]);
      await store.stop();
      store = await fixture.open();
      expect((await ask('raw', all)).points).toEqual([[1, 0.1 + 0.2]]);
    });

    it('pages raw readings: the oldest first, and where to go on', async () => {
      await store.append([1, 2, 3, 4, 5].map((n) => level(n * 10, n)));
      expect(await ask('raw', { from: 20, to: 50, points: 2 })).toEqual({
        bucketMs: 0,
        points: [
          [20, 2],
          [30, 3],
        ],
        next: 40,
      });
      expect(await ask('raw', { from: 40, to: 50, points: 2 })).toEqual({ bucketMs: 0, points: [[40, 4]], next: null });
    });

    it.each([
      [
        'mean',
        [
          [0, 2],
          [20, 8],
        ],
      ],
      [
        'min',
        [
          [0, 1],
          [20, 8],
        ],
      ],
      [
        'max',
        [
          [0, 3],
          [20, 8],
        ],
      ],
      [
        'last',
        [
          [0, 3],
          [20, 8],
        ],
      ],
      [
        'minmax',
        [
          [0, 1, 3, 2],
          [20, 8, 8, 8],
        ],
      ],
    ] as const)('aggregates to %s per bucket, leaving empty buckets out', async (aggregate, points) => {
      await store.append([level(0, 1), level(5, 2), level(9, 3), level(20, 8), level(30, 99)]);
      expect(await ask(aggregate, { from: 0, to: 30, points: 3 })).toEqual({ bucketMs: 10, points, next: null });
    });

    it('leaves bad readings out of a bucket, and says null for one that has nothing else', async () => {
      await store.append([level(0, null), level(5, 4), level(10, null)]);
      expect((await ask('mean', { from: 0, to: 20, points: 2 })).points).toEqual([
        [0, 4],
        [10, null],
      ]);
    });

    it('gives the mean of all readings as one point', async () => {
      const values = Array.from({ length: 1000 }, (_, i) => Math.sin(i) * 100);
      await store.append(values.map((value, i) => level(i * 7, value)));
      const { points } = await ask('mean', { from: 0, to: 7000, points: 1 });
      expect(points[0]?.[1]).toBeCloseTo(values.reduce((a, b) => a + b) / 1000, 9);
    });

    it('tells the newest reading of every series', async () => {
      await store.append([level(2, 1), level(1, 5), reading('pump-1', 'pump_running', 7, null)]);
      const newest = await store.newest();
      expect(newest.map(({ device, ts, value, quality }) => [device, ts, value, quality]).sort()).toEqual([
        ['pump-1', 7, null, 'bad'],
        ['tank-1-level', 2, 1, 'good'],
      ]);
    });

    it('answers with nothing for a series it has never seen', async () => {
      expect((await ask('raw', all)).points).toEqual([]);
      expect(await store.newest()).toEqual([]);
    });
  });
}

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openSqliteStore, type SqliteStore } from '../../../ingest/store/sqlite-store.ts';
import { AGGREGATES } from '../../../model/history.ts';
import type { Reading } from '../../../model/reading.ts';
import { reading } from '../../harness/readings.ts';
import { temporaryFolder } from '../../harness/server.ts';
import { naiveHistory } from './naive-history.ts';
import { describeStore } from './store-contract.ts';

const DAY_MS = 86_400_000;
const FOREVER = { from: 0, to: 1e13 };

describeStore('SQLite', async () => {
  const file = join(temporaryFolder(), 'readings.db');
  return { open: () => openSqliteStore(file), remove: async () => undefined };
});

describeStore('SQLite that compacts after every call', async () => {
  const file = join(temporaryFolder(), 'readings.db');
  return { open: async () => compacting(await openSqliteStore(file)), remove: async () => undefined };
});

function compacting(store: SqliteStore): SqliteStore {
  return {
    ...store,
    async append(readings) {
      const outcomes = await store.append(readings);
      await store.compact();
      return outcomes;
    },
  };
}

async function openStore(...args: Parameters<typeof openSqliteStore>): Promise<SqliteStore> {
  const store = await openSqliteStore(...args);
  onTestFinished(() => store.stop());
  return store;
}

const newFile = (): string => join(temporaryFolder(), 'readings.db');
const level = (ts: number, value: number | null): Reading => reading('tank-1-level', 'level', ts, value);
const ask = { device: 'tank-1-level', metric: 'level' } as const;

describe('the compact store', () => {
  /** Readings of a device in any order, several times, with other values among them. */
  const sent = fc.array(
    fc.array(
      fc.record({ ts: fc.integer({ min: 0, max: 60 }), value: fc.option(fc.integer({ min: 0, max: 3 }), { freq: 5 }) }),
      { maxLength: 20 },
    ),
    { minLength: 1, maxLength: 6 },
  );

  it('answers alike from journal, chunks and both, in whatever order readings come', async () => {
    const store = await openStore(newFile());
    let device = 0;
    await fc.assert(
      fc.asyncProperty(sent, fc.nat({ max: 5 }), fc.integer({ min: 1, max: 9 }), async (groups, compactAt, points) => {
        const name = `d-${device++}`;
        const model = new Map<number, number | null>();
        for (const [i, group] of groups.entries()) {
          const outcomes = await store.append(group.map(({ ts, value }) => reading(name, 'level', ts, value)));
          expect(outcomes).toEqual(group.map(({ ts, value }) => outcomeOf(model, ts, value)));
          if (i === compactAt) await store.compact();
        }
        const known = [...model].sort(([a], [b]) => a - b);
        for (const aggregate of AGGREGATES) {
          const query = { device: name, metric: 'level', from: 5, to: 50, points, aggregate };
          expect(await store.history(query)).toEqual(naiveHistory(known, query));
        }
      }),
      { numRuns: 60 },
    );
  });

  function outcomeOf(model: Map<number, number | null>, ts: number, value: number | null) {
    const stored = model.get(ts);
    if (stored === undefined) model.set(ts, value);
    return stored === undefined ? 'stored' : stored === value ? 'duplicate' : 'conflict';
  }

  it('splits a long past into chunks, and takes what comes between and before them', async () => {
    const store = await openStore(newFile());
    const of = (from: number, count: number, step: number) =>
      Array.from({ length: count }, (_, i) => level(from + i * step, i % 7));
    await store.append(of(1_000_000, 10_000, 100));
    await store.compact();
    await store.append([...of(1_000_050, 3_000, 300), ...of(0, 500, 1_000)]);
    await store.compact();
    const expected = [...of(1_000_000, 10_000, 100), ...of(1_000_050, 3_000, 300), ...of(0, 500, 1_000)]
      .map(({ ts, value }): [number, number | null] => [ts, value])
      .sort(([a], [b]) => a - b);
    const points: (readonly (number | null)[])[] = [];
    for (let from: number | null = 0; from !== null; ) {
      const page = await store.history({ ...ask, from, to: 1e13, points: 1_000, aggregate: 'raw' });
      points.push(...page.points);
      from = page.next;
    }
    expect(points).toEqual(expected);
    expect(await store.append([level(1_000_050, 0), level(1_000_100, 5)])).toEqual(['duplicate', 'conflict']);
    for (const aggregate of ['minmax', 'mean', 'last'] as const) {
      const query = { ...ask, ...FOREVER, from: 0, to: 2_000_001, points: 7, aggregate };
      expect(await store.history(query)).toEqual(naiveHistory(expected, query));
    }
  });

  it('knows the newest reading after it was compacted and opened again, a bad one too', async () => {
    const file = newFile();
    const first = await openSqliteStore(file);
    await first.append([level(1, 2.5), level(2, null), reading('pump-1', 'pump_running', 3, 1)]);
    await first.compact();
    await first.stop();
    const newest = await (await openStore(file)).newest();
    expect(newest.map(({ device, ts, value, quality }) => [device, ts, value, quality]).sort()).toEqual([
      ['pump-1', 3, 1, 'good'],
      ['tank-1-level', 2, null, 'bad'],
    ]);
  });
});

describe('retention', () => {
  // Roll-ups are by the hour: buckets that begin on one see the same readings.
  const now = Math.floor(Date.now() / 3_600_000) * 3_600_000;
  /** A reading a minute over so many days up to now, with one spike on the first day. */
  const past = (days: number) =>
    Array.from({ length: days * 1_440 }, (_, i) => level(now - days * DAY_MS + i * 60_000, i === 700 ? 99 : 2));

  it('turns readings past their age into hours, in which a spike survives', async () => {
    const store = await openStore(newFile(), { rawDays: 10, diskBytes: 20e9 });
    const readings = past(30);
    await store.append(readings);
    await store.compact();
    const range = { from: now - 30 * DAY_MS, to: now, points: 30 };
    const daily = await store.history({ ...ask, ...range, aggregate: 'minmax' });
    expect(daily.points[0]?.[2]).toBe(99);
    expect(daily).toEqual(
      naiveHistory(
        readings.map(({ ts, value }) => [ts, value]),
        { ...ask, ...range, aggregate: 'minmax' },
      ),
    );
    const raw = await store.history({ ...ask, ...range, points: 1, aggregate: 'raw' });
    expect(raw.points[0]?.[0]).toBeGreaterThan(now - 13 * DAY_MS);
  });

  it('forgets nothing by age before it has been told the time, and then by that time', async () => {
    const store = await openStore(newFile(), { rawDays: 10, diskBytes: 20e9, waitsForTime: true });
    await store.append(past(30));
    const count = async () => {
      await store.compact();
      return (
        await store.history({
          ...ask,
          ...FOREVER,
          points: 10_000,
          aggregate: 'raw',
          from: now - 31 * DAY_MS,
          to: now - 25 * DAY_MS,
        })
      ).points.length;
    };
    const all = await count();
    expect(all).toBe(5 * 1_440);
    store.tellTime?.(now - 40 * DAY_MS);
    expect(await count()).toBe(all);
    store.tellTime?.(now);
    expect(await count()).toBeLessThan(all);
  });

  it('says of what is older than its readings that it is expired: nobody can tell whether it was there', async () => {
    const file = newFile();
    const store = await openSqliteStore(file, { rawDays: 10, diskBytes: 20e9 });
    await store.append(past(30));
    await store.compact();
    await store.stop();
    const again = await openStore(file, { rawDays: 10, diskBytes: 20e9 });
    expect(await again.append([level(now - 25 * DAY_MS, 1), level(now - DAY_MS + 1, 1)])).toEqual([
      'expired',
      'stored',
    ]);
  });

  it('stays within the disk budget: the oldest goes first, the newest days stay', async () => {
    const store = await openStore(newFile(), { rawDays: null, diskBytes: 200_000 });
    const noisy = past(60).map((each, i) => ({ ...each, value: Math.sin(i) }));
    await store.append(noisy);
    await store.compact();
    const kept = await store.history({ ...ask, ...FOREVER, points: 10_000, aggregate: 'raw' });
    expect(kept.points.length).toBeGreaterThan(1_440);
    expect(kept.points.length).toBeLessThan(noisy.length / 2);
    expect((await store.newest())[0]?.ts).toBe(noisy.at(-1)?.ts);
  });
});

describe('the SQLite file', () => {
  it('of a newer program is refused with a sentence, and left as it is', async () => {
    const file = newFile();
    const db = new DatabaseSync(file);
    db.exec('PRAGMA user_version = 99');
    db.close();
    await expect(openSqliteStore(file)).rejects.toThrow('schema version 99');
  });

  it('of version 1, with a row a reading, is taken over', async () => {
    const file = newFile();
    const db = new DatabaseSync(file);
    db.exec(`
      CREATE TABLE series (id INTEGER PRIMARY KEY, device TEXT NOT NULL, metric TEXT NOT NULL, UNIQUE (device, metric)) STRICT;
      CREATE TABLE reading (
        series INTEGER NOT NULL, ts INTEGER NOT NULL, value REAL, quality INTEGER NOT NULL, PRIMARY KEY (series, ts)
      ) STRICT, WITHOUT ROWID;
      INSERT INTO series VALUES (1, 'tank-1-level', 'level'), (2, 'pump-1', 'pump_running');
      WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
        INSERT INTO reading SELECT 1, i * 1000, i / 8.0, i % 2 FROM n;
      INSERT INTO reading VALUES (2, 7, NULL, 2);
      PRAGMA user_version = 1;
    `);
    db.close();
    const store = await openStore(file);
    const { points } = await store.history({ ...ask, ...FOREVER, points: 10_000, aggregate: 'raw' });
    expect(points).toEqual(Array.from({ length: 5_001 }, (_, i) => [i * 1_000, i / 8]));
    expect(await store.append([level(1_000, 1 / 8), reading('pump-1', 'pump_running', 7, null)])).toEqual([
      'duplicate',
      'duplicate',
    ]);
  });
});

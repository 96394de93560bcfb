/** A readings.db that is damaged: what is whole is served, what is not is told, set aside and never served as true. */
import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodeChunk, encodeChunk } from '../../../ingest/store/sqlite/chunk-codec.ts';
import { rowChecksum, sealData, toSeal } from '../../../ingest/store/sqlite/chunk-seal.ts';
import { summarise } from '../../../ingest/store/sqlite/summary.ts';
import { reading } from '../../harness/readings.ts';
import { temporaryFolder } from '../../harness/server.ts';
import {
  bucketsOf,
  COUNT,
  change,
  chunkOf,
  filled,
  MINUTE_MS,
  open,
  past,
  rawOf,
  START,
  secondChunk,
  setData,
  truth,
  tsAt,
  valueAt,
  withoutPageOf,
  zeroed,
} from './damaged-file.ts';

describe('a damaged chunk', () => {
  it('is left out of the answer, which says so; every other reading is served', async () => {
    const file = await filled();
    setData(file, 1, zeroed);
    const { store, faults } = await open(file);
    const { points, damaged } = await rawOf(store, 'tank-1');
    expect(points).toEqual([...truth(0, 2_048), ...truth(4_096)]);
    expect(damaged).toEqual([secondChunk]);
    expect((await rawOf(store, 'tank-2')).points).toEqual(truth());
    await expect
      .poll(() => faults)
      .toMatchObject([
        {
          file: 'readings.db',
          kind: 'damaged',
          device: 'tank-1',
          metric: 'level',
          fromTs: secondChunk.from,
          toTs: secondChunk.to,
        },
      ]);
  });

  it('lies aside with its bytes, is told at each start, and does not come back', async () => {
    const file = await filled();
    setData(file, 1, zeroed);
    let bytes: Uint8Array = new Uint8Array();
    change(file, (db) => {
      bytes = chunkOf(db, 1, 1).data;
    });
    const first = await open(file);
    await rawOf(first.store, 'tank-1');
    await expect.poll(() => first.faults.length).toBe(1);
    await first.store.stop();
    change(file, (db) => {
      expect(db.prepare('SELECT series, from_ts, data FROM damaged').all()).toMatchObject([
        { series: 1, from_ts: secondChunk.from, data: bytes },
      ]);
      expect(db.prepare('SELECT count(*) AS n FROM chunk WHERE series = 1').get()?.n).toBe(2);
    });
    const again = await open(file);
    expect(again.faults).toMatchObject([{ device: 'tank-1', fromTs: secondChunk.from, toTs: secondChunk.to }]);
    expect((await rawOf(again.store, 'tank-1')).damaged).toEqual([secondChunk]);
  });

  it('neither loops nor stops the compaction, and what comes for its times is new', async () => {
    const file = await filled();
    setData(file, 1, zeroed);
    const { store, faults } = await open(file);
    const late = [reading('tank-1', 'level', tsAt(3_000) + 1, 7), ...past('tank-2', COUNT, COUNT + 10)];
    expect(new Set(await store.append(late))).toEqual(new Set(['stored']));
    await store.compact();
    expect(faults).toMatchObject([{ device: 'tank-1', fromTs: secondChunk.from }]);
    expect(new Set(await store.append(past('tank-1', 2_048, 4_096)))).toEqual(new Set(['stored']));
    await store.compact();
    const { points } = await rawOf(store, 'tank-1');
    expect(points).toHaveLength(COUNT + 1);
    expect(points.filter(([, value]) => value === 7)).toEqual([[tsAt(3_000) + 1, 7]]);
  });

  it.each([
    ['noise', (data: Uint8Array) => data.set(data.map((_, i) => (i * 37 + 11) % 256))],
    ['one bit', (data: Uint8Array) => data.fill((data[500] ?? 0) ^ 4, 500, 501)],
  ])('of %s serves no value that was never sent', async (_, damage) => {
    const file = await filled();
    setData(file, 1, damage as (data: Uint8Array) => void);
    const { store } = await open(file);
    expect((await rawOf(store, 'tank-1')).points).toEqual([...truth(0, 2_048), ...truth(4_096)]);
  });

  it('with other values, well encoded, is found by its checksum', async () => {
    const file = await filled();
    change(file, (db) => {
      const { start, data } = chunkOf(db, 1, 1);
      const columns = decodeChunk(data.subarray(0, -4));
      columns.value[700] = 24;
      const forged = Buffer.concat([encodeChunk(columns), data.subarray(-4)]);
      db.prepare('UPDATE chunk SET data = ? WHERE series = 1 AND start = ?').run(forged, start);
    });
    const { store } = await open(file);
    expect((await bucketsOf(store, 'tank-1', 'max', 500)).points.every(([, max]) => (max ?? 0) < 3)).toBe(true);
    expect((await rawOf(store, 'tank-1')).damaged).toEqual([secondChunk]);
  });

  it.each(['min', 'max', 'sum', 'last', 'good', 'count', 'end', 'kind', 'seal', 'start'])(
    'of whose row %s is another is in no aggregate, and the rest is',
    async (column) => {
      const file = await filled();
      change(
        file,
        (db) =>
          void db.exec(`UPDATE chunk SET ${column} = ${column} - 1 WHERE series = 1 AND start = ${secondChunk.from}`),
      );
      const { store, faults } = await open(file);
      const { points, damaged } = await bucketsOf(store, 'tank-1', 'minmax', 1);
      const rest = [...truth(0, 2_048), ...truth(4_096)].map(([, value]) => value ?? 0);
      expect(points[0]?.slice(0, 3)).toEqual([START, Math.min(...rest), Math.max(...rest)]);
      expect(damaged).toHaveLength(1);
      await expect.poll(() => faults.length).toBe(1);
      await store.compact();
      expect((await rawOf(store, 'tank-1')).points).toEqual([...truth(0, 2_048), ...truth(4_096)]);
    },
  );

  it('that is the newest of its series leaves the one before as newest, and what is sent again is stored', async () => {
    const file = await filled();
    change(file, (db) => void db.exec('UPDATE chunk SET last = 14 WHERE series = 1 AND count = 904'));
    const { store, faults } = await open(file);
    const newest = (await store.newest()).find(({ device }) => device === 'tank-1');
    expect([newest?.ts, newest?.value]).toEqual([tsAt(4_095), valueAt(4_095)]);
    expect(faults).toMatchObject([{ device: 'tank-1', fromTs: tsAt(4_096) }]);
    expect(new Set(await store.append(past('tank-1', 4_096)))).toEqual(new Set(['stored']));
  });

  it('does not stop retention, which goes on with all others', async () => {
    const file = await filled();
    setData(file, 0, zeroed);
    const { store, faults } = await open(file, { rawDays: 2, diskBytes: 20e9 });
    await store.compact();
    expect(faults).toMatchObject([{ device: 'tank-1', fromTs: START }]);
    const { points } = await bucketsOf(store, 'tank-2', 'max', 10);
    expect(points).toHaveLength(10);
    expect((await rawOf(store, 'tank-2')).points[0]?.[0]).toBe(tsAt(2_048));
    expect((await rawOf(store, 'tank-1')).points[0]?.[0]).toBe(tsAt(2_048));
  });

  it('with which the index does not agree is moved all the same, and retention goes on', async () => {
    const file = await filled();
    const key = Buffer.alloc(13);
    change(file, (db) => {
      const { start, end } = chunkOf(db, 2, 0);
      key.writeUInt8(2, 0);
      key.writeUIntBE(start, 1, 6);
      key.writeUIntBE(end, 7, 6);
    });
    // As a disk does it: in the row, and not in the index by age.
    // (Pages that are free now may hold the row as well.)
    const bytes = readFileSync(file);
    for (let at = bytes.indexOf(key); at >= 0; at = bytes.indexOf(key, at + 1)) bytes[at + 12] = (key[12] ?? 0) ^ 1;
    writeFileSync(file, bytes);
    const { store, faults } = await open(file, { rawDays: 2, diskBytes: 20e9 });
    await store.compact();
    expect(faults).toMatchObject([{ device: 'tank-2', fromTs: tsAt(0) }]);
    expect((await rawOf(store, 'tank-3')).points[0]?.[0]).toBe(tsAt(2_048));
    await store.stop();
    change(file, (db) => {
      expect(db.prepare('SELECT count(*) AS n FROM damaged').get()?.n).toBe(1);
      expect(db.prepare('PRAGMA integrity_check').get()?.integrity_check).toBe('ok');
    });
  });

  it('of hours is left out as well', async () => {
    const file = await filled();
    const first = await open(file, { rawDays: 2, diskBytes: 20e9 });
    await first.store.compact();
    await first.store.stop();
    setData(file, 0, (data) => void data.fill(0, 20, 60));
    const { store } = await open(file);
    const { points, damaged } = await bucketsOf(store, 'tank-1', 'max', 90);
    expect(points[0]?.[0]).toBeGreaterThan(tsAt(2_000));
    expect(damaged).toEqual([{ from: START, to: tsAt(2_047) }]);
  });

  it('that overlaps the one before is set aside', async () => {
    const file = await filled();
    change(file, (db) => {
      // Well sealed, as a program with a mistake would leave it.
      const { start, data } = chunkOf(db, 1, 1);
      const columns = decodeChunk(data.subarray(0, -4));
      columns.ts.forEach((ts, i) => void columns.ts.set([ts - 100 * MINUTE_MS], i));
      const [from, end] = [columns.ts[0] ?? 0, columns.ts[2_047] ?? 0];
      const row = { start: from, end, kind: 0, count: 2_048, endQuality: 0, ...summarise(columns, 0, 2_048) };
      const checksum = rowChecksum(1, row);
      db.prepare('UPDATE chunk SET start = ?, end = ?, seal = ?, data = ? WHERE series = 1 AND start = ?').run(
        ...[from, end, toSeal(checksum, 0), sealData(encodeChunk(columns), checksum), start],
      );
    });
    const { store, faults } = await open(file);
    expect((await rawOf(store, 'tank-1')).points).toEqual([...truth(0, 2_048), ...truth(4_096)]);
    await expect.poll(() => faults).toMatchObject([{ device: 'tank-1', fromTs: tsAt(1_948) }]);
  });
});

describe('a damaged commit of the journal', () => {
  it.each([
    ['its count', (data: Uint8Array) => data.fill(0xff, 0, 4)],
    ['a time', (data: Uint8Array) => data.fill(0xff, 8, 16)],
    ['a series', (data: Uint8Array) => data.fill(0x7f, data.length - 10 * 5 + 1, data.length - 10 * 5 + 3)],
    ['a quality', (data: Uint8Array) => data.fill(9, data.length - 1)],
    ['all of it', (data: Uint8Array) => data.fill(0)],
  ])('in %s is set aside and told; the others count', async (_, damage) => {
    const file = join(temporaryFolder(), 'readings.db');
    const first = await open(file);
    for (let i = 0; i < 3; i++) await first.store.append(past('tank-1', i * 10, i * 10 + 10));
    await first.store.stop();
    change(file, (db) => {
      const { data } = db.prepare('SELECT data FROM journal WHERE id = 2').get() as { data: Uint8Array };
      damage(data);
      db.prepare('UPDATE journal SET data = ? WHERE id = 2').run(data);
    });
    const { store, faults } = await open(file);
    expect(faults).toMatchObject([{ file: 'readings.db', kind: 'damaged' }]);
    expect((await rawOf(store, 'tank-1')).points).toEqual([...truth(0, 10), ...truth(20, 30)]);
    expect(new Set(await store.append(past('tank-1', 10, 20)))).toEqual(new Set(['stored']));
    await store.compact();
    expect((await rawOf(store, 'tank-1')).points).toEqual(truth(0, 30));
  });

  it.each(['1152921504606846976', '9223372036854775807', '-5'])(
    'with the number %s, which no program has given, counts; numbers go on as they were',
    async (id) => {
      const file = join(temporaryFolder(), 'readings.db');
      const first = await open(file);
      await first.store.append(past('tank-1', 0, 10));
      await first.store.append(past('tank-1', 10, 20));
      await first.store.stop();
      change(file, (db) =>
        db.exec(`UPDATE journal SET id = ${id} WHERE id = 2; UPDATE sqlite_sequence SET seq = ${id}`),
      );
      const { store, faults } = await open(file);
      expect(faults).toMatchObject([{ kind: 'damaged' }]);
      await store.append(past('tank-1', 20, 30));
      expect((await rawOf(store, 'tank-1')).points).toEqual(truth(0, 30));
      await store.compact();
      expect((await rawOf(store, 'tank-1')).points).toEqual(truth(0, 30));
      await store.stop();
      change(file, (db) => {
        const seq = Number(db.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'journal'").get()?.seq);
        expect(seq).toBeLessThan(100);
      });
    },
  );
});

describe('a damaged row of the list of series', () => {
  it('gives no device the readings of another, and takes what comes', async () => {
    const file = await filled();
    // As a disk does it: the name becomes that of another device, by one bit, in the table and not in its index.
    const bytes = readFileSync(file);
    const places: number[] = [];
    for (let at = bytes.indexOf('tank-2level'); at >= 0; at = bytes.indexOf('tank-2level', at + 1)) places.push(at);
    const isIndex = (at: number): boolean => bytes[at - 5] === 4;
    const at = places.find((place) => !isIndex(place)) ?? places[0] ?? 0;
    const descriptor = openSync(file, 'r+');
    writeSync(descriptor, Buffer.from('tank-3level'), 0, 11, at);
    closeSync(descriptor);
    const { store, faults } = await open(file);
    expect(faults.length).toBeGreaterThan(0);
    expect((await rawOf(store, 'tank-3')).points).toEqual(truth());
    expect(new Set(await store.append(past('tank-2', 0, 10)))).toEqual(new Set(['stored']));
    expect(new Set(await store.append(past('tank-3', COUNT, COUNT + 1)))).toEqual(new Set(['stored']));
    await store.compact();
    await store.stop();
    const again = await open(file);
    expect((await rawOf(again.store, 'tank-2')).points).toEqual(truth(0, 10));
  });
});

describe('a page that SQLite itself cannot read', () => {
  it('fails the chart of that series alone, and is told; readings of all are stored and compacted', async () => {
    const file = await withoutPageOf(6);
    const { store, faults } = await open(file);
    await expect(rawOf(store, 'tank-6')).rejects.toMatchObject({ name: 'StoreError', code: 'ERR_STORE_DAMAGED' });
    expect(faults.some(({ device, kind }) => device === 'tank-6' && kind === 'damaged')).toBe(true);
    expect((await rawOf(store, 'tank-1')).points).toEqual(truth());
    expect((await rawOf(store, 'tank-12')).points).toEqual(truth());
    const next = ['tank-1', 'tank-6', 'tank-12'].flatMap((tank) => past(tank, COUNT, COUNT + 10));
    expect(new Set(await store.append(next))).toEqual(new Set(['stored']));
    await store.compact();
    await store.stop();
    change(file, (db) => {
      expect(db.prepare('SELECT count(*) AS n FROM journal').get()?.n).toBe(0);
    });
    const again = await open(file);
    expect((await again.store.newest()).find(({ device }) => device === 'tank-12')?.ts).toBe(tsAt(COUNT + 9));
  });

  it('of the journal begins it anew with what could be read', async () => {
    const file = join(temporaryFolder(), 'readings.db');
    const first = await open(file);
    for (let i = 0; i < 40; i++) await first.store.append(past('tank-1', i * 50, i * 50 + 50));
    await first.store.stop();
    const bytes = readFileSync(file);
    const marker = Buffer.alloc(8);
    marker.writeDoubleLE(tsAt(1_000));
    const page = Math.floor(bytes.indexOf(marker) / 4_096);
    const descriptor = openSync(file, 'r+');
    writeSync(descriptor, Buffer.alloc(4_096, 0xa5), 0, 4_096, page * 4_096);
    closeSync(descriptor);
    const { store, faults } = await open(file);
    expect(faults).toMatchObject([{ kind: 'damaged' }]);
    const { points } = await rawOf(store, 'tank-1');
    expect(points.length).toBeGreaterThan(1_500);
    expect(truth()).toEqual(expect.arrayContaining(points as [number, number][]));
    expect(new Set(await store.append(past('tank-1', 2_000, 2_010)))).toEqual(new Set(['stored']));
    await store.compact();
    expect((await rawOf(store, 'tank-1')).points).toHaveLength(points.length + 10);
  });
});

describe('a file of version 2, without checksums', () => {
  /** What the version before would have left. */
  async function version2(): Promise<string> {
    const file = await filled();
    change(file, (db) => {
      for (const { start, seal, series, data } of db.prepare('SELECT series, start, seal, data FROM chunk').all()) {
        const plain = (data as Uint8Array).subarray(0, -4);
        db.prepare('UPDATE chunk SET seal = ?, data = ? WHERE series = ? AND start = ?').run(
          ...[Number(seal) % 4, plain, series as number, start as number],
        );
      }
      db.exec(`DROP TABLE sealing; DROP TABLE damaged; ALTER TABLE series DROP COLUMN seal;
        ALTER TABLE chunk RENAME COLUMN seal TO end_quality; PRAGMA user_version = 2;`);
    });
    return file;
  }
  const unsealed = (file: string): number => {
    let n = -1;
    change(file, (db) => {
      n = Number(db.prepare('SELECT count(*) AS n FROM chunk WHERE seal < 4').get()?.n);
    });
    return n;
  };

  it('opens without its chunks being touched, serves all, and gets its checksums behind', async () => {
    const file = await version2();
    const { store, faults } = await open(file);
    expect((await rawOf(store, 'tank-1')).points).toEqual(truth());
    expect(new Set(await store.append(past('tank-1', 100, 200)))).toEqual(new Set(['duplicate']));
    await store.compact();
    expect((await rawOf(store, 'tank-1')).points).toEqual(truth());
    await store.stop();
    expect([unsealed(file), faults]).toEqual([0, []]);
  });

  it('has its damage found by its shape and its summary', async () => {
    const file = await version2();
    change(file, (db) => {
      db.exec('UPDATE chunk SET max = 24 WHERE series = 2 AND count = 904');
      const { start, data } = chunkOf(db, 1, 1);
      zeroed(data);
      db.prepare('UPDATE chunk SET data = ? WHERE series = 1 AND start = ?').run(data, start);
    });
    const { store, faults } = await open(file);
    expect(faults[0]).toMatchObject({ device: 'tank-2', fromTs: tsAt(4_096) });
    expect((await bucketsOf(store, 'tank-2', 'max', 1)).points[0]?.[1]).toBeLessThan(3);
    expect((await rawOf(store, 'tank-1')).points).toEqual([...truth(0, 2_048), ...truth(4_096)]);
    await store.compact();
    await store.stop();
    expect(unsealed(file)).toBe(0);
  });

  it('has a chunk that loses its checksum later found', async () => {
    const file = await version2();
    const first = await open(file);
    await first.store.compact();
    await first.store.stop();
    change(file, (db) => {
      const { start, data } = chunkOf(db, 1, 1);
      const sql = 'UPDATE chunk SET seal = 0, data = ? WHERE series = 1 AND start = ?';
      db.prepare(sql).run(data.subarray(0, -4), start);
    });
    const { store } = await open(file);
    expect((await rawOf(store, 'tank-1')).damaged).toEqual([secondChunk]);
  });
});

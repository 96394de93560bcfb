/** `repair` of readings.db: what SQLite and the checksums let pass is saved, the rest is said, the file as it was is kept. */
import { existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { repairReadings } from '../../../ingest/store/sqlite/repair.ts';
import {
  COUNT,
  change,
  filled,
  open,
  past,
  rawOf,
  setData,
  truth,
  tsAt,
  withoutPageOf,
  zeroed,
} from './damaged-file.ts';

const now = () => Date.parse('2026-11-30T23:15:00.000Z');
const names = (file: string): string[] => readdirSync(dirname(file)).sort();

describe('the repair of readings.db', () => {
  it('does nothing where nothing is wrong', async () => {
    const file = await filled();
    const before = readFileSync(file);
    expect(await repairReadings({ file, now })).toEqual({ file, keptAs: null, saved: [], lost: [] });
    expect(readFileSync(file).equals(before)).toBe(true);
    expect(names(file)).toEqual(['readings.db']);
  });

  it('leaves a damaged chunk out, says whose and when, and keeps the file as it was found', async () => {
    const file = await filled();
    setData(file, 1, zeroed);
    const before = readFileSync(file);
    const report = await repairReadings({ file, now });
    expect(report.keptAs).toBe(`${file}.damaged-20261130T231500Z`);
    expect(readFileSync(report.keptAs ?? '').equals(before)).toBe(true);
    expect(report.lost).toEqual([
      `tank-1 level from ${new Date(tsAt(2_048)).toISOString()} to ${new Date(tsAt(4_095)).toISOString()}: its data do not fit their checksum.`,
    ]);
    expect(report.saved.join(' ')).toContain(`8 chunks, ${3 * COUNT - 2_048} readings`);
    const { store, faults } = await open(file);
    expect(faults).toEqual([]);
    expect((await rawOf(store, 'tank-1')).points).toEqual([...truth(0, 2_048), ...truth(4_096)]);
    expect((await rawOf(store, 'tank-1')).damaged).toBeUndefined();
    expect((await rawOf(store, 'tank-3')).points).toEqual(truth());
    await store.stop();
    expect(await repairReadings({ file, now })).toMatchObject({ keptAs: null, lost: [] });
  });

  it('gets around a page that cannot be read, and gives what waited its place', async () => {
    const file = await withoutPageOf(6);
    const first = await open(file);
    await first.store.append(['tank-1', 'tank-6'].flatMap((tank) => past(tank, COUNT, COUNT + 10)));
    await first.store.compact();
    await first.store.append(past('tank-12', COUNT, COUNT + 7));
    await first.store.stop();
    const { lost, saved } = await repairReadings({ file, now });
    expect(lost.length).toBeGreaterThan(0);
    expect(lost.every((sentence) => sentence.includes('pages cannot be read'))).toBe(true);
    expect(saved.join(' ')).toContain('7 readings in 1 commits of the journal');
    const { store, faults } = await open(file);
    expect(faults).toEqual([]);
    for (const tank of ['tank-1', 'tank-2', 'tank-11', 'tank-12']) {
      expect((await rawOf(store, tank)).points.slice(0, COUNT)).toEqual(truth());
    }
    const six = (await rawOf(store, 'tank-6')).points;
    expect(truth()).toEqual(expect.arrayContaining(six as [number, number][]));
    const newest = await store.newest();
    expect(newest.find(({ device }) => device === 'tank-6')?.ts).toBe(tsAt(COUNT + 9));
    expect(newest.find(({ device }) => device === 'tank-12')?.ts).toBe(tsAt(COUNT + 6));
    expect(new Set(await store.append(past('tank-6', COUNT, COUNT + 10)))).toEqual(new Set(['duplicate']));
  });

  it('makes an index new without losing anything', async () => {
    const file = await filled();
    change(file, (db) => {
      db.enableDefensive(false);
      const sql = "SELECT rootpage FROM sqlite_schema WHERE name = 'chunk_by_age'";
      const page = Number(db.prepare(sql).get()?.rootpage);
      db.close();
      const bytes = readFileSync(file);
      bytes.fill(0xa5, (page - 1) * 4_096, page * 4_096);
      writeFileSync(file, bytes);
      db.open();
    });
    const report = await repairReadings({ file, now });
    expect([report.keptAs === null, report.lost]).toEqual([false, []]);
    const { store } = await open(file);
    expect((await rawOf(store, 'tank-2')).points).toEqual(truth());
  });

  it.each([
    ['no database at all', (file: string) => writeFileSync(file, 'not a database, and long enough'.repeat(400))],
    ['its first page zeroed', (file: string) => writeFileSync(file, readFileSync(file).fill(0, 0, 4_096))],
  ])('says of a file with %s that nothing can be read, and keeps it aside', async (_, damage) => {
    const file = await filled();
    damage(file);
    const before = readFileSync(file);
    const { keptAs, lost, saved } = await repairReadings({ file, now });
    expect([lost.length, saved]).toEqual([1, []]);
    expect(readFileSync(keptAs ?? '').equals(before)).toBe(true);
    expect(existsSync(file)).toBe(false);
  });

  it('saves what is left of a file cut in half', async () => {
    const file = await filled();
    truncateSync(file, Math.floor(readFileSync(file).length / 2));
    const { keptAs } = await repairReadings({ file, now });
    expect(keptAs).not.toBeNull();
    const { store } = await open(file);
    for (const tank of ['tank-1', 'tank-2', 'tank-3']) {
      const { points } = await rawOf(store, tank);
      expect(truth()).toEqual(expect.arrayContaining(points as [number, number][]));
    }
  });
});

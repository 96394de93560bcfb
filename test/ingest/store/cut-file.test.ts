/** A readings.db without its end, as after a power cut or on a failing card: told while the server runs, saved by `repair`. */
import { copyFileSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { repairReadings } from '../../../ingest/store/sqlite/repair.ts';
import type { HistoryPoint } from '../../../model/history.ts';
import { temporaryFolder } from '../../harness/server.ts';
import { COUNT, change, open, past, rawOf, truth, tsAt } from './damaged-file.ts';

const PAGE = 4_096;
const TANKS = Array.from({ length: 12 }, (_, i) => `tank-${i + 1}`);
const pagesOf = (file: string): number => statSync(file).size / PAGE;

/** More of them than a page has room for, so that half a file holds some. */
async function large(): Promise<string> {
  const file = join(temporaryFolder(), 'readings.db');
  const { store } = await open(file);
  await store.append(TANKS.flatMap((tank) => past(tank)));
  await store.compact();
  await store.stop();
  return file;
}

/** Every point is one that was stored; returns how many. */
function trueOf(points: readonly HistoryPoint[]): number {
  const stored = new Map(truth() as [number, number][]);
  expect(points.filter(([ts, value]) => stored.get(Number(ts)) !== value)).toEqual([]);
  return points.length;
}

const CUTS: [string, (pages: number) => number][] = [
  ['by a page', (pages) => pages - 1],
  ['in half', (pages) => Math.floor(pages / 2)],
];

/** A look that is independent of ours: the rows that SQLite gives, series by series, until it gives none. */
function readable(file: string): number {
  const copy = join(temporaryFolder(), 'readings.db');
  copyFileSync(file, copy);
  const db = new DatabaseSync(copy);
  db.enableDefensive(false);
  db.exec('PRAGMA writable_schema = ON');
  const chunks = db.prepare(
    'SELECT start, count, data FROM chunk WHERE series = ? AND start > ? ORDER BY start LIMIT 1',
  );
  let sum = 0;
  for (let series = 1; series <= TANKS.length; series++) {
    for (let at = 0, n = 0; n < 3; n++) {
      // The chunks begin at the 1st, 2,049th and 4,097th reading.
      try {
        sum += Number(chunks.get(series, at)?.count ?? 0);
      } catch {
        // A page that is missing.
      }
      at = tsAt(n * 2_048);
    }
  }
  db.close();
  return sum;
}

it.each(CUTS)('repair saves of a file cut %s exactly what can be read of it', async (_, left) => {
  const file = await large();
  truncateSync(file, left(pagesOf(file)) * PAGE);
  const expected = readable(file);
  expect(expected).toBeGreaterThan(0);
  const { saved, lost } = await repairReadings({ file });
  expect(saved.join(' ')).toContain(` ${expected} readings and`);
  expect(lost.length > 0).toBe(expected < TANKS.length * COUNT);
  const { store, faults } = await open(file);
  const answers = await Promise.all(TANKS.map((tank) => rawOf(store, tank)));
  expect(answers.reduce((sum, { points }) => sum + trueOf(points), 0)).toBe(expected);
  expect(faults).toEqual([]);
});

it.each([
  ['zeroed', 0],
  ['garbled', 0xa5],
])('repair saves all of a file whose header is %s', async (_, byte) => {
  const file = await large();
  writeFileSync(file, readFileSync(file).fill(byte, 0, 100));
  const { keptAs, saved, lost } = await repairReadings({ file });
  expect([keptAs === null, lost]).toEqual([false, []]);
  expect(saved.join(' ')).toContain(` ${TANKS.length * COUNT} readings and`);
  const { store } = await open(file);
  for (const tank of TANKS) expect((await rawOf(store, tank)).points).toEqual(truth());
});

it.each(CUTS)('a file cut %s under the server is told as damaged, and repair gets what is left', async (_, left) => {
  const file = join(temporaryFolder(), 'readings.db');
  const { store, faults } = await open(file);
  await store.append(TANKS.flatMap((tank) => past(tank)));
  await store.compact();
  // The log is open and counts the pages that there were: what is gone of them is an I/O error to the reader.
  await rawOf(store, 'tank-1');
  truncateSync(file, left(pagesOf(file)) * PAGE);
  const answers = await Promise.allSettled(TANKS.map((tank) => rawOf(store, tank)));
  for (const answer of answers) {
    if (answer.status === 'rejected') expect(answer.reason).toMatchObject({ code: 'ERR_STORE_DAMAGED' });
    else trueOf(answer.value.points);
  }
  await expect.poll(() => faults.length).toBeGreaterThan(0);
  expect(faults[0]).toMatchObject({ file: 'readings.db', kind: 'damaged' });
  await store.stop();
  const { keptAs, saved } = await repairReadings({ file });
  expect(keptAs).not.toBeNull();
  expect(saved).toContain('12 series.');
  const again = await open(file);
  const rest = await Promise.all(TANKS.map((tank) => rawOf(again.store, tank)));
  expect(rest.reduce((sum, { points }) => sum + trueOf(points), 0)).toBeGreaterThan(0);
  expect(again.faults).toEqual([]);
});

it('a reader that starts on a file that was cut says so, too', async () => {
  const file = await large();
  const { store, faults } = await open(file);
  truncateSync(file, (pagesOf(file) - 1) * PAGE);
  await expect(rawOf(store, 'tank-1')).rejects.toMatchObject({ code: 'ERR_STORE_DAMAGED' });
  expect(faults).toMatchObject([{ file: 'readings.db', detail: expect.stringContaining('repair readings.db') }]);
});

it('health says that history cannot be read when it fails twice in a row for another reason than damage', async () => {
  const file = await large();
  const { store } = await open(file);
  change(file, (db) => db.exec('ALTER TABLE chunk RENAME TO elsewhere'));
  const ask = () => rawOf(store, 'tank-1').catch((error) => error.code);
  expect([await ask(), store.health().reason]).toEqual(['ERR_SQLITE_ERROR', undefined]);
  expect([await ask(), store.health().reason]).toEqual([
    'ERR_SQLITE_ERROR',
    'history cannot be read: the last queries failed',
  ]);
  change(file, (db) => db.exec('ALTER TABLE elsewhere RENAME TO chunk'));
  await ask();
  expect(store.health().reason).toBeUndefined();
});

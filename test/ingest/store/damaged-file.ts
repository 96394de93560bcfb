/** Makes a readings.db with a past, damages it, and opens it, for the tests of damage and of repair. */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { onTestFinished } from 'vitest';
import type { Retention } from '../../../ingest/store/sqlite/protocol.ts';
import { openSqliteStore, type SqliteStore } from '../../../ingest/store/sqlite-store.ts';
import type { DataFault } from '../../../model/data-fault.ts';
import type { Aggregate } from '../../../model/history.ts';
import type { Reading } from '../../../model/reading.ts';
import { reading } from '../../harness/readings.ts';
import { temporaryFolder } from '../../harness/server.ts';

export const MINUTE_MS = 60_000;
/** A full hour, so that roll-ups and buckets agree. */
export const START = Math.floor(Date.now() / 3_600_000) * 3_600_000 - 4 * 86_400_000;
export const COUNT = 5_000;
const KEEP_ALL: Retention = { rawDays: null, diskBytes: Number.POSITIVE_INFINITY };
const TANKS = ['tank-1', 'tank-2', 'tank-3'];

export const valueAt = (i: number): number => Math.round(2_000 + 900 * Math.sin(i / 200)) / 1_000;
export const tsAt = (i: number): number => START + i * MINUTE_MS;
export const past = (device: string, from = 0, to = COUNT): Reading[] =>
  Array.from({ length: to - from }, (_, k) => reading(device, 'level', tsAt(from + k), valueAt(from + k)));

interface Opened {
  readonly store: SqliteStore;
  readonly faults: DataFault[];
}

export async function open(file: string, retention = KEEP_ALL): Promise<Opened> {
  const faults: DataFault[] = [];
  const opened = await openSqliteStore(file, retention, (fault) => faults.push(fault));
  let stopped: Promise<void> | null = null;
  const stop = (): Promise<void> => {
    stopped ??= opened.stop();
    return stopped;
  };
  onTestFinished(stop);
  return { store: { ...opened, stop }, faults };
}

/** Three tanks with three chunks each: 2,048, 2,048 and 904 readings. */
export async function filled(): Promise<string> {
  const file = join(temporaryFolder(), 'readings.db');
  const { store } = await open(file);
  await store.append(TANKS.flatMap((tank) => past(tank)));
  await store.compact();
  await store.stop();
  return file;
}

export function change(file: string, work: (db: DatabaseSync) => void): void {
  const db = new DatabaseSync(file);
  work(db);
  db.close();
}

interface StoredChunk {
  readonly start: number;
  readonly end: number;
  readonly data: Uint8Array;
}

/** The n-th chunk of the series with that id. */
export function chunkOf(db: DatabaseSync, series: number, n: number): StoredChunk {
  const sql = 'SELECT start, end, data FROM chunk WHERE series = ? ORDER BY start LIMIT 1 OFFSET ?';
  return db.prepare(sql).get(series, n) as unknown as StoredChunk;
}

export function setData(file: string, n: number, damage: (data: Uint8Array) => void, series = 1): void {
  change(file, (db) => {
    const { start, data } = chunkOf(db, series, n);
    damage(data);
    db.prepare('UPDATE chunk SET data = ? WHERE series = ? AND start = ?').run(data, series, start);
  });
}

export const zeroed = (data: Uint8Array): void => void data.fill(0, 2, 302);

export async function rawOf(store: SqliteStore, device: string) {
  const query = { device, metric: 'level', from: START, to: tsAt(COUNT), points: 10_000, aggregate: 'raw' } as const;
  return await store.history(query);
}

export async function bucketsOf(
  store: SqliteStore,
  device: string,
  aggregate: Exclude<Aggregate, 'raw'>,
  points: number,
) {
  return await store.history({ device, metric: 'level', from: START, to: tsAt(COUNT), points, aggregate });
}

export const truth = (from = 0, to = COUNT) =>
  Array.from({ length: to - from }, (_, k) => [tsAt(from + k), valueAt(from + k)]);
export const secondChunk = { from: tsAt(2_048), to: tsAt(4_095) };

/** Garbles the page that holds the row of a chunk. */
export async function withoutPageOf(series: number): Promise<string> {
  const file = join(temporaryFolder(), 'readings.db');
  const first = await open(file);
  // Enough of them that the series have pages of their own.
  const tanks = Array.from({ length: 12 }, (_, i) => `tank-${i + 1}`);
  await first.store.append(tanks.flatMap((tank) => past(tank)));
  await first.store.compact();
  await first.store.stop();
  const bytes = readFileSync(file);
  // As the row begins; in the index by age the end comes first.
  const key = Buffer.alloc(13);
  change(file, (db) => {
    const { start, end } = chunkOf(db, series, 1);
    key.writeUInt8(series, 0);
    key.writeUIntBE(start, 1, 6);
    key.writeUIntBE(end, 7, 6);
  });
  const page = Math.floor(bytes.indexOf(key) / 4_096);
  if (page < 1) throw new Error('there is no such row');
  const descriptor = openSync(file, 'r+');
  writeSync(descriptor, Buffer.alloc(4_096, 0xa5), 0, 4_096, page * 4_096);
  closeSync(descriptor);
  return file;
}

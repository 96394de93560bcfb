/** The list of series: which number stands for which device and metric. A checksum a row, since a wrong name is a wrong chart. */
import type { DatabaseSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import { isDamage } from './damage.ts';
import type { SeriesRow } from './protocol.ts';
import type { SetAside } from './set-aside.ts';

export interface SeriesTable {
  /** Those that can be believed; the others are set aside. */
  load(): readonly KnownSeries[];
  /** Within the caller's transaction. */
  insert(row: SeriesRow): void;
  /** Up to there its readings are rolled up or gone; it never goes back. */
  raiseHorizon(id: number, ts: number): void;
  /** The highest number that anything stored goes by. A new series must not take one that was another's. */
  lastId(): number;
}

export interface KnownSeries extends SeriesRow {
  readonly horizon: number | null;
}

/** Of what is kept by number in arrays: a number far beyond is damage. */
const MAX_ID = 10_000_000;
/** Numbers are given one after the other: so many are tried where the list itself cannot be read. */
const MAX_TRIED = 200_000;

export function createSeriesTable(db: DatabaseSync, setAside: SetAside): SeriesTable {
  const insert = db.prepare('INSERT OR IGNORE INTO series (id, device, metric, seal) VALUES (?, ?, ?, ?)');
  const selectOne = db.prepare(`${SELECT} WHERE id = ?`);
  const saveHorizon = db.prepare('UPDATE series SET horizon = ?, seal = ? WHERE id = ?');

  return {
    load() {
      const rows = db.prepare(SELECT).all().map(toStored);
      const damaged = rows.filter((row) => !isWhole(row));
      for (const { id } of damaged) setAside.seriesRow(id, 'it does not fit its checksum');
      // Its index knows damaged rows by names that are others' now.
      if (damaged.length > 0) db.exec('REINDEX series');
      return rows.filter(isWhole);
    },
    insert(row) {
      const { id, device, metric } = row;
      const isThere = (): boolean => {
        insert.run(id, device, metric, sealOf({ ...row, horizon: null }));
        const stored = toStored(selectOne.get(id));
        return stored.device === device && stored.metric === metric;
      };
      if (isThere()) return;
      // An index that knows the name by a damaged row must not keep its readings out.
      db.exec('REINDEX series');
      if (!isThere()) throw new Error(`series ${id}, ${device}.${metric}: its number or its name is another’s`);
    },
    raiseHorizon(id, ts) {
      const stored = toStored(selectOne.get(id));
      if (!isWhole(stored)) return;
      const horizon = Math.max(stored.horizon ?? ts, ts);
      saveHorizon.run(horizon, sealOf({ ...stored, horizon }), id);
    },
    lastId() {
      const of = (sql: string): number => Number(db.prepare(sql).get(MAX_ID)?.id ?? 0);
      return Math.max(
        of('SELECT max(id) AS id FROM series WHERE id <= ?'),
        of('SELECT max(series) AS id FROM chunk WHERE series <= ?'),
        of("SELECT max(series) AS id FROM damaged WHERE typeof(series) = 'integer' AND series <= ?"),
      );
    },
  };
}

/** For a repair: rows that are whole, and by the index of names those whose pages or names are not. */
export function readSeries(db: DatabaseSync): {
  readonly rows: readonly KnownSeries[];
  readonly lost: readonly string[];
} {
  const whole = new Map<number, KnownSeries>();
  const damaged = new Map<number, Stored>();
  /** Garbled pages may say the same name twice: one series has it. */
  const isTaken = ({ device, metric }: Pick<KnownSeries, 'device' | 'metric'>): boolean =>
    [...whole.values()].some((other) => other.device === device && other.metric === metric);
  for (const row of readable(
    () => db.prepare(SELECT).all().map(toStored),
    () => rowByRow(db),
  )) {
    const isOfOldFile = row.seal === null && isNamed(row);
    if ((isOfOldFile || isWhole(row)) && !isTaken(row)) whole.set(row.id, row);
    else damaged.set(row.id, row);
  }
  const names = 'SELECT CAST(id AS REAL) AS id, device, metric FROM series INDEXED BY sqlite_autoindex_series_1';
  for (const { id, device, metric } of readable(
    () => db.prepare(names).all().map(toStored),
    () => [],
  )) {
    const row = damaged.get(id);
    const named = { id, device, metric, horizon: row?.horizon ?? null };
    const fits = row ? row.seal === sealOf(named) : id > 0 && id <= MAX_ID;
    if (!whole.has(id) && fits && isNamed(named) && !isTaken(named)) whole.set(id, named);
  }
  const lost = [...damaged.keys()].filter((id) => !whole.has(id));
  return {
    rows: [...whole.values()],
    lost: lost.map((id) => `Series ${id}, with all its readings: its name is damaged.`),
  };
}

/** Where pages are garbled a column may be of any type, whatever the table says. */
function isNamed({ device, metric }: { readonly device: unknown; readonly metric: unknown }): boolean {
  return typeof device === 'string' && typeof metric === 'string';
}

function readable<T>(read: () => readonly T[], otherwise: () => readonly T[]): readonly T[] {
  try {
    return read();
  } catch (error) {
    if (!isDamage(error)) throw error;
    return otherwise();
  }
}

/** Around pages that cannot be read. */
function rowByRow(db: DatabaseSync): readonly Stored[] {
  const select = db.prepare(`${SELECT} WHERE id = ?`);
  const ids = Array.from({ length: MAX_TRIED }, (_, i) => i + 1);
  return ids.flatMap((id) =>
    readable(
      () => [select.get(id)].filter((row) => row !== undefined).map(toStored),
      () => [],
    ),
  );
}

/** Of a file without: what is there is what there is to believe. */
export function sealAllSeries(db: DatabaseSync): void {
  const save = db.prepare('UPDATE series SET seal = ? WHERE id = ?');
  for (const row of db.prepare(SELECT).all().map(toStored)) save.run(sealOf(row), row.id);
}

interface Stored extends KnownSeries {
  readonly seal: number | null;
}

const SELECT =
  'SELECT CAST(id AS REAL) AS id, device, metric, CAST(horizon AS REAL) AS horizon, CAST(seal AS REAL) AS seal FROM series';

function toStored(row: unknown): Stored {
  return (row ?? { id: 0, device: '', metric: '', horizon: null, seal: null }) as Stored;
}

function isWhole(row: Stored): boolean {
  return Number.isInteger(row.id) && row.id > 0 && row.id <= MAX_ID && row.seal === sealOf(row);
}

function sealOf({ id, device, metric, horizon }: KnownSeries): number {
  return crc32(`${id}\0${device}\0${metric}\0${horizon ?? ''}`);
}

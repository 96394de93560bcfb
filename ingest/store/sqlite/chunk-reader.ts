/** Chunks as they are read, by either thread: each is checked before anything of it is believed. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { type Chunk, isOverlapped, OVERLAPS, READINGS } from './chunk.ts';
import { decodeChunk } from './chunk-codec.ts';
import { faultOfRow, fromSeal, isSameSummary, unsealData } from './chunk-seal.ts';
import type { SeriesColumns } from './columns.ts';
import { DamageError, isDamage } from './damage.ts';
import { decodeHours, type Hour } from './hours.ts';
import { addSummary, emptySummary, summarise } from './summary.ts';

export interface DamagedChunk extends Chunk {
  readonly series: number;
  readonly reason: string;
}

export interface ChunkReader {
  /** Those with a reading in `[from, to)`, oldest first. What is damaged is told and left out. */
  overlapping(series: number, from: number, to: number): readonly Chunk[];
  /** What it holds, or a DamageError. */
  readings(series: number, chunk: Chunk): SeriesColumns;
  hours(series: number, chunk: Chunk): readonly Hour[];
  /** Its data without their checksum, once they have been looked through. */
  body(series: number, chunk: Chunk): Uint8Array;
}

export function createChunkReader(db: DatabaseSync, onDamage: (chunk: DamagedChunk) => void): ChunkReader {
  const select = selectChunks(
    db,
    `series = :series AND start < :to AND start >= coalesce(
       (SELECT max(start) FROM chunk WHERE series = :series AND start <= :from), :from) ORDER BY start`,
  );
  const selectData = arrays(db, 'SELECT data FROM chunk WHERE series = ? AND start = ?');
  const isUnsealedRight = createUnsealedCheck(db);

  function dataAt(series: number, start: number): unknown {
    try {
      return (selectData.get(series, start) as unknown as [unknown] | undefined)?.[0];
    } catch (error) {
      if (!isDamage(error)) throw error;
      throw new DamageError(`its pages cannot be read (${(error as Error).message})`);
    }
  }

  function body(series: number, { start, checksum }: Chunk): Uint8Array {
    const data = dataAt(series, start);
    if (!(data instanceof Uint8Array)) throw new DamageError('it has no data');
    if (checksum !== null) return unsealData(data, checksum);
    if (!isUnsealedRight()) throw new DamageError('its checksum is gone');
    return data;
  }

  function readings(series: number, chunk: Chunk): SeriesColumns {
    const columns = decodeChunk(body(series, chunk));
    const { count, ts, quality } = columns;
    const fits = count === chunk.count && ts[0] === chunk.start && ts[count - 1] === chunk.end;
    if (!fits) throw new DamageError('its readings are not those that its row says');
    // A checksum vouches for the rest.
    if (chunk.checksum !== null) return columns;
    const isSame = isSameSummary(summarise(columns, 0, count), chunk, { isSumExact: true });
    if (!isSame || quality[count - 1] !== chunk.endQuality) throw new DamageError('its readings have another summary');
    return columns;
  }

  function hours(series: number, chunk: Chunk): readonly Hour[] {
    const found = decodeHours(body(series, chunk));
    const [first, last] = [found[0]?.ts ?? Number.NaN, found.at(-1)?.ts ?? Number.NaN];
    if (first !== chunk.start || last > chunk.end) throw new DamageError('its hours are not those that its row says');
    if (chunk.checksum !== null) return found;
    const whole = emptySummary();
    for (const hour of found) addSummary(whole, hour);
    if (!isSameSummary(whole, chunk, { isSumExact: false })) throw new DamageError('its hours have another summary');
    return found;
  }

  return {
    overlapping(series, from, to) {
      const believed: Chunk[] = [];
      for (const chunk of select({ series, from, to })) {
        const previous = believed.at(-1);
        const fault = faultOfRow(series, chunk) ?? (previous && isOverlapped(previous, chunk) ? OVERLAPS : null);
        if (fault !== null) onDamage({ ...chunk, series, reason: fault });
        else if (chunk.end >= from) believed.push(chunk);
      }
      return believed;
    },
    readings,
    hours,
    body(series, chunk) {
      if (chunk.kind === READINGS) readings(series, chunk);
      else hours(series, chunk);
      return body(series, chunk);
    },
  };
}

/** Whether a chunk may be without a checksum: only until `sealer.ts` has gone through all that version 2 has left. */
function createUnsealedCheck(db: DatabaseSync): () => boolean {
  const select = db.prepare('SELECT 1 FROM sealing');
  let isOver = false;
  return () => {
    isOver ||= select.get() === undefined;
    return !isOver;
  };
}

/** All as doubles, whatever damage has made of them: an integer beyond 2^53 would end the query. */
const FIELDS = ['start', 'end', 'kind', 'count', 'good', 'min', 'max', 'sum', 'last', 'seal']
  .map((name) => `CAST(${name} AS REAL)`)
  .join(', ');

type Parameters = Record<string, number> | number;

export function selectChunks(db: DatabaseSync, where: string): (...parameters: Parameters[]) => readonly Chunk[] {
  const statement = arrays(db, `SELECT ${FIELDS} FROM chunk WHERE ${where}`);
  return (...parameters) => (statement.all(...(parameters as number[])) as unknown as Row[]).map(toChunk);
}

function arrays(db: DatabaseSync, sql: string): StatementSync {
  const statement = db.prepare(sql);
  statement.setReturnArrays(true);
  return statement;
}

type Row = readonly (number | null)[];

function toChunk([start, end, kind, count, good, min, max, sum, last, seal]: Row): Chunk {
  const { checksum, endQuality } = fromSeal(seal ?? Number.NaN);
  return {
    start: start ?? 0,
    end: end ?? 0,
    kind: kind ?? 0,
    count: count ?? 0,
    good: good ?? 0,
    min: min ?? 0,
    max: max ?? 0,
    sum: sum ?? 0,
    last: last ?? 0,
    endQuality,
    checksum,
  };
}

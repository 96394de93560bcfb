/** Readings of one series in compressed pieces that do not overlap, each with its summary beside it. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { decodeChunk, encodeChunk } from './chunk-codec.ts';
import { countBelow, merge, type SeriesColumns, slice } from './columns.ts';
import { type Summary, summarise } from './summary.ts';

/** Stored codes of what a chunk holds: readings, or hours of readings that are gone. Never renumber. */
export const READINGS = 0;
export const HOURS = 1;

export interface Chunk extends Summary {
  /** ts of its first and its last reading. */
  readonly start: number;
  readonly end: number;
  readonly kind: number;
  /** Readings, the bad ones too. */
  readonly count: number;
  /** Quality code of the reading at `end`. */
  readonly endQuality: number;
}

/** As many as a query decodes in some 30 us; with more, a new reading would have more to rewrite. */
export const FULL_CHUNK = 2_048;

export interface ChunkReader {
  /** Those with a reading in `[from, to)`, oldest first. */
  overlapping(series: number, from: number, to: number): readonly Chunk[];
  data(series: number, start: number): Uint8Array;
}

export interface ChunkTable extends ChunkReader {
  /** The one that begins last. */
  last(series: number): Chunk | null;
  /** The only one that can hold `ts`: the last to begin at or before it. */
  reaching(series: number, ts: number): Chunk | null;
  /** Puts readings where they belong; what is there already stays as it is. */
  merge(series: number, readings: SeriesColumns): void;
  replaceByHours(series: number, start: number, data: Uint8Array): void;
  remove(series: number, start: number): void;
}

const SUMMARY = 'start, end, kind, count, good, min, max, sum, last, end_quality';

export function createChunkReader(db: DatabaseSync): ChunkReader {
  const overlapping = arrays(
    db,
    `SELECT ${SUMMARY} FROM chunk WHERE series = :series AND start < :to AND start >= coalesce(
       (SELECT max(start) FROM chunk WHERE series = :series AND start <= :from), :from) ORDER BY start`,
  );
  const data = arrays(db, 'SELECT data FROM chunk WHERE series = ? AND start = ?');
  return {
    overlapping: (series, from, to) => toChunks(overlapping.all({ series, from, to })).filter(({ end }) => end >= from),
    data: (series, start) => (data.all(series, start) as unknown as [[Uint8Array]])[0][0],
  };
}

export function createChunkTable(db: DatabaseSync): ChunkTable {
  const reader = createChunkReader(db);
  const select = (where: string): StatementSync => arrays(db, `SELECT ${SUMMARY} FROM chunk WHERE series = ? ${where}`);
  const selectLast = select('ORDER BY start DESC LIMIT 1');
  const selectReaching = select('AND start <= ? ORDER BY start DESC LIMIT 1');
  const selectAfter = select('AND start > ? ORDER BY start LIMIT 1');
  const insert = db.prepare(`INSERT INTO chunk (series, ${SUMMARY}, data) VALUES (?, ${'?, '.repeat(10)}?)`);
  const toHours = db.prepare(`UPDATE chunk SET kind = ${HOURS}, data = ? WHERE series = ? AND start = ?`);
  const remove = db.prepare('DELETE FROM chunk WHERE series = ? AND start = ?');
  const reaching = (series: number, ts: number): Chunk | null => toChunks(selectReaching.all(series, ts))[0] ?? null;

  function put(series: number, readings: SeriesColumns): void {
    const { count, ts, quality } = readings;
    const { good, min, max, sum, last } = summarise(readings, 0, count);
    const extent = good > 0 ? [min, max, sum, last] : [null, null, null, null];
    const [start = 0, end = 0] = [ts[0], ts[count - 1]];
    insert.run(series, start, end, READINGS, count, good, ...extent, quality[count - 1] ?? 0, encodeChunk(readings));
  }

  /** The first of `readings`, and those behind it that come before the next chunk. Gives how many that were. */
  function mergeOne(series: number, readings: SeriesColumns): number {
    const first = readings.ts[0] ?? 0;
    const before = reaching(series, first);
    const after = toChunks(selectAfter.all(series, first))[0] ?? null;
    const count = after ? countBelow(readings, after.start) : readings.count;
    const piece = slice(readings, 0, count);
    const joined = joinable(before, piece) ?? joinable(after, piece);
    const all = joined ? merge(decodeChunk(reader.data(series, joined.start)), piece) : piece;
    if (joined?.count === all.count) return count;
    if (joined) remove.run(series, joined.start);
    for (let at = 0; at < all.count; at += FULL_CHUNK)
      put(series, slice(all, at, Math.min(at + FULL_CHUNK, all.count)));
    return count;
  }

  return {
    ...reader,
    last: (series) => toChunks(selectLast.all(series))[0] ?? null,
    reaching,
    merge(series, readings) {
      for (let at = 0; at < readings.count; ) at += mergeOne(series, slice(readings, at, readings.count));
    },
    replaceByHours: (series, start, data) => void toHours.run(data, series, start),
    remove: (series, start) => void remove.run(series, start),
  };
}

/** The chunk, where `piece` lies within it or it still has room; one that comes after takes only what fits whole. */
function joinable(chunk: Chunk | null, piece: SeriesColumns): Chunk | null {
  if (chunk === null || chunk.kind !== READINGS) return null;
  const first = piece.ts[0] ?? 0;
  if (first < chunk.start) return chunk.count + piece.count <= FULL_CHUNK ? chunk : null;
  return first <= chunk.end || chunk.count < FULL_CHUNK ? chunk : null;
}

function arrays(db: DatabaseSync, sql: string): StatementSync {
  const statement = db.prepare(sql);
  statement.setReturnArrays(true);
  return statement;
}

type Row = readonly (number | null)[];

function toChunks(rows: unknown): Chunk[] {
  return (rows as Row[]).map(([start, end, kind, count, good, min, max, sum, last, endQuality]) => ({
    start: start ?? 0,
    end: end ?? 0,
    kind: kind ?? 0,
    count: count ?? 0,
    good: good ?? 0,
    min: min ?? 0,
    max: max ?? 0,
    sum: sum ?? 0,
    last: last ?? 0,
    endQuality: endQuality ?? 0,
  }));
}

/** Readings of one series in compressed pieces that do not overlap, each with its summary beside it. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { type Chunk, HOURS, isOverlapped, OVERLAPS, READINGS } from './chunk.ts';
import { encodeChunk } from './chunk-codec.ts';
import { type ChunkReader, createChunkReader, selectChunks } from './chunk-reader.ts';
import { faultOfRow, rowChecksum, sealData, toSeal } from './chunk-seal.ts';
import { BAD, countBelow, merge, type SeriesColumns, slice } from './columns.ts';
import { DamageError, isDamage } from './damage.ts';
import { encodeHours, type Hour } from './hours.ts';
import { summarise } from './summary.ts';

/** As many as a query decodes in some 30 us; with more, a new reading would have more to rewrite. */
export const FULL_CHUNK = 2_048;

export interface ChunkTable extends ChunkReader {
  /** The one that begins last. */
  last(series: number): Chunk | null;
  /** The only one that can hold `ts`: the last to begin at or before it. */
  reaching(series: number, ts: number): Chunk | null;
  at(series: number, start: number): Chunk | null;
  /** Puts readings where they belong; what is there already stays as it is. */
  merge(series: number, readings: SeriesColumns): void;
  replaceByHours(series: number, chunk: Chunk, hours: readonly Hour[]): void;
  /** Writes it again as it is, with its checksums. */
  seal(series: number, chunk: Chunk): void;
  remove(series: number, start: number): void;
  /** Of a chunk that is gone, which the index by age still knows. */
  dropIndexEntry(entry: Pick<Chunk, 'start' | 'end' | 'kind'> & { readonly series: number }): void;
  /** Looks through a chunk and whether it overlaps the one before, and sets aside what is damaged. */
  examine(series: number, start: number): void;
  /** Sets a damaged chunk aside; false where not even that can be done. */
  setAside(series: number, start: number, reason: string): boolean;
}

/** Sets aside a row of the table of chunks, and tells of it. Whether it is gone from there. */
export type SetChunkAside = (series: number, start: number, reason: string) => boolean;

const COLUMNS = 'series, start, end, kind, count, good, min, max, sum, last, seal, data';

export function createChunkTable(db: DatabaseSync, setAside: SetChunkAside): ChunkTable {
  const reader = createChunkReader(db, ({ series, start, reason }) => void setAside(series, start, reason));
  const selectLast = selectChunks(db, 'series = ? ORDER BY start DESC LIMIT 1');
  const selectReaching = selectChunks(db, 'series = ? AND start <= ? ORDER BY start DESC LIMIT 1');
  const selectAfter = selectChunks(db, 'series = ? AND start > ? ORDER BY start LIMIT 1');
  const selectAt = selectChunks(db, 'series = ? AND start = ?');
  const insert = db.prepare(`INSERT INTO chunk (${COLUMNS}) VALUES (${'?, '.repeat(11)}?)`);
  const update: StatementSync = db.prepare(
    'UPDATE chunk SET kind = ?, seal = ?, data = ? WHERE series = ? AND start = ?',
  );
  const selectByAge = db.prepare(
    'SELECT 1 FROM chunk INDEXED BY chunk_by_age WHERE kind = ? AND end = ? AND series = ? AND start = ?',
  );
  const remove = db.prepare('DELETE FROM chunk WHERE series = ? AND start = ?');

  /** A row like the entry takes its place in the index, and both go together. */
  function dropIndexEntry({ series, start, end, kind }: Parameters<ChunkTable['dropIndexEntry']>[0]): void {
    insert.run(series, start, end, kind, 1, 0, null, null, null, null, 0, new Uint8Array());
    remove.run(series, start);
    if (selectByAge.get(kind, end, series, start)) throw new DamageError('the index of the chunks by age is damaged');
  }

  /** The first that can be believed of those that `select` finds one after the other. */
  function believed(series: number, select: () => readonly Chunk[]): Chunk | null {
    for (;;) {
      const [chunk] = select();
      if (!chunk) return null;
      const fault = faultOfRow(series, chunk);
      if (fault === null) return chunk;
      if (!setAside(series, chunk.start, fault)) throw new DamageError(`a chunk cannot be set aside, though ${fault}`);
    }
  }
  const reaching = (series: number, ts: number) => believed(series, () => selectReaching(series, ts));
  const after = (series: number, ts: number) => believed(series, () => selectAfter(series, ts));

  function put(series: number, readings: SeriesColumns): void {
    const { count, ts, quality } = readings;
    const summary = summarise(readings, 0, count);
    const [start = 0, end = 0, endQuality = 0] = [ts[0], ts[count - 1], quality[count - 1]];
    const row = { ...summary, start, end, kind: READINGS, count, endQuality };
    const { good, min, max, sum, last } = summary;
    const extent = good > 0 ? [min, max, sum, last] : [null, null, null, null];
    const checksum = rowChecksum(series, row);
    const data = sealData(encodeChunk(readings), checksum);
    insert.run(series, start, end, READINGS, count, good, ...extent, toSeal(checksum, endQuality), data);
  }

  function rewrite(series: number, chunk: Chunk, kind: number, data: Uint8Array): void {
    const checksum = rowChecksum(series, { ...chunk, kind });
    update.run(kind, toSeal(checksum, chunk.endQuality), sealData(data, checksum), series, chunk.start);
  }

  /** The chunk before `ts` and the one after. Two of readings that overlap are not as they were written: the later one goes. */
  function neighbours(series: number, ts: number): [Chunk | null, Chunk | null] {
    const before = reaching(series, ts);
    let next = after(series, ts);
    while (before && next && isOverlapped(before, next)) {
      if (!setAside(series, next.start, OVERLAPS)) throw new DamageError(OVERLAPS);
      next = after(series, ts);
    }
    return [before, next];
  }

  /** The first of `readings`, and those behind it that come before the next chunk. Gives how many that were. */
  function mergeOne(series: number, readings: SeriesColumns): number {
    const [before, next] = neighbours(series, readings.ts[0] ?? 0);
    const count = next ? countBelow(readings, next.start) : readings.count;
    if (count === 0) throw new DamageError('its chunks are not in order');
    const piece = slice(readings, 0, count);
    const joined = joinable(before, piece) ?? joinable(next, piece);
    if (joined === null) putAll(series, piece);
    else if (!join(series, joined, piece)) return 0;
    return count;
  }

  /** Whether `chunk` holds `piece` too now. A damaged one has been set aside instead. */
  function join(series: number, chunk: Chunk, piece: SeriesColumns): boolean {
    let all: SeriesColumns;
    try {
      all = merge(reader.readings(series, chunk), piece);
    } catch (error) {
      if (!(error instanceof DamageError) || !setAside(series, chunk.start, error.message)) throw error;
      return false;
    }
    if (chunk.count === all.count) return true;
    remove.run(series, chunk.start);
    putAll(series, all);
    return true;
  }

  function putAll(series: number, all: SeriesColumns): void {
    for (let at = 0; at < all.count; at += FULL_CHUNK)
      put(series, slice(all, at, Math.min(at + FULL_CHUNK, all.count)));
  }

  return {
    ...reader,
    last: (series) => believed(series, () => selectLast(series)),
    reaching,
    at: (series, start) => believed(series, () => selectAt(series, start)),
    merge(series, readings) {
      // A step of nothing has set a chunk aside: there is one less, and it goes on without.
      for (let at = 0; at < readings.count; ) at += mergeOne(series, slice(readings, at, readings.count));
    },
    replaceByHours: (series, chunk, hours) => rewrite(series, chunk, HOURS, encodeHours(hours)),
    seal: (series, chunk) => rewrite(series, chunk, chunk.kind, reader.body(series, chunk)),
    remove: (series, start) => void remove.run(series, start),
    dropIndexEntry,
    examine(series, start) {
      try {
        const [, chunk] = neighbours(series, start - 1);
        if (chunk?.start === start) reader.body(series, chunk);
      } catch (error) {
        if (!isDamage(error)) throw error;
        setAside(series, start, (error as Error).message);
      }
    },
    setAside,
  };
}

/** The chunk, where `piece` lies within it or it still has room; one that comes after takes only what fits whole. */
function joinable(chunk: Chunk | null, piece: SeriesColumns): Chunk | null {
  if (chunk === null || chunk.kind !== READINGS) return null;
  const first = piece.ts[0] ?? 0;
  if (first < chunk.start) return chunk.count + piece.count <= FULL_CHUNK ? chunk : null;
  return first <= chunk.end || chunk.count < FULL_CHUNK ? chunk : null;
}

/** The newest value: NaN where it is a bad reading. */
export function lastValue({ endQuality, last }: Chunk): number {
  return endQuality === BAD ? Number.NaN : last;
}

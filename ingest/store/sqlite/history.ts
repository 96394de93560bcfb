/** History of one series from chunks and journal (contract 3.4). */
import type { DatabaseSync } from 'node:sqlite';
import type { Aggregate } from '../../../model/history.ts';
import { type Buckets, createBuckets } from './buckets.ts';
import { type Chunk, HOURS } from './chunk.ts';
import { type ChunkReader, createChunkReader } from './chunk-reader.ts';
import { BAD, countBelow, createHead, merge, type SeriesColumns, slice } from './columns.ts';
import { DamageError, isDamage } from './damage.ts';
import { createGaps } from './gaps.ts';
import { createPoints, type PackedPoints } from './packed-points.ts';
import type { Argument, PackedHistory, ReaderCalls } from './protocol.ts';
import { createRecent } from './recent.ts';

type Query = Argument<ReaderCalls, 'history'>;

/** A stretch of the past: readings, or a chunk that need not be opened where its summary is enough. */
type Stretch =
  | { readonly kind: 'readings'; readonly readings: SeriesColumns }
  | { readonly kind: 'chunk'; readonly chunk: Chunk };

/** Where stretches come from: chunks that are damaged have none. */
interface Source {
  readonly chunks: ChunkReader;
  readonly series: number;
  /** Leaves a damaged chunk out of the answer, and says so in it. */
  readonly leaveOut: (chunk: Chunk) => void;
}

/** What is left of a query where pages of the database cannot be read: that series alone is without an answer. */
const UNREADABLE = 'the readings of this series cannot be read, for the file is damaged';

export function createHistory(db: DatabaseSync): (query: Query) => PackedHistory {
  const gaps = createGaps(db);
  const chunks = createChunkReader(db, gaps.add);
  const recent = createRecent(db, ({ id }) => gaps.addEntry(id));

  /** The rest goes on without the journal where that cannot be read: the writer makes it anew. */
  function recentOf(query: Query): SeriesColumns {
    try {
      return recent.of(query.series, query.from, query.to);
    } catch (error) {
      if (!isDamage(error)) throw error;
      gaps.addJournal(query);
      return createHead();
    }
  }

  function answer(query: Query): Omit<PackedHistory, 'damaged' | 'findings'> {
    const { series, aggregate } = query;
    const leaveOut = (chunk: Chunk): void => gaps.add({ ...chunk, series });
    const source = { chunks, series, leaveOut };
    const stretches = stretchesOf(source, recentOf(query), query);
    return aggregate === 'raw'
      ? rawPage(source, stretches, query)
      : inBuckets(source, stretches, { ...query, aggregate });
  }

  return (query) => {
    // Chunks and journal as of one moment.
    db.exec('BEGIN');
    try {
      const result = { ...answer(query), ...gaps.take(query) };
      db.exec('COMMIT');
      return result;
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK');
      gaps.clear();
      throw isDamage(error) ? new DamageError(`${UNREADABLE}: ${(error as Error).message}`) : error;
    }
  };
}

/** Oldest first; none overlaps another. A chunk into which the journal reaches is opened and merged with it. */
function* stretchesOf(source: Source, recent: SeriesColumns, { series, from, to }: Query): Generator<Stretch> {
  let at = 0;
  for (const chunk of source.chunks.overlapping(series, from, to)) {
    const before = countBelow(recent, chunk.start);
    const within = countBelow(recent, chunk.end + 1);
    if (before > at) yield { kind: 'readings', readings: slice(recent, at, before) };
    if (within === before) yield { kind: 'chunk', chunk };
    else {
      const stored = readingsOf(source, { kind: 'chunk', chunk });
      yield { kind: 'readings', readings: merge(stored, slice(recent, before, within)) };
    }
    at = within;
  }
  if (at < recent.count) yield { kind: 'readings', readings: slice(recent, at, recent.count) };
}

function rawPage(
  source: Source,
  stretches: Iterable<Stretch>,
  query: Query,
): PackedPoints & { bucketMs: number; next: number | null } {
  const { from, to } = query;
  const points = createPoints(2);
  let left = query.points;
  for (const stretch of stretches) {
    const readings = readingsOf(source, stretch);
    const end = countBelow(readings, to);
    for (let i = countBelow(readings, from); i < end; i++) {
      const ts = readings.ts[i] ?? 0;
      // One more than asked for tells that there is a next page, and where it starts.
      if (left-- === 0) return { bucketMs: 0, ...points.take(), next: ts };
      points.push(ts);
      points.push(readings.quality[i] === BAD ? null : (readings.value[i] ?? 0));
    }
  }
  return { bucketMs: 0, ...points.take(), next: null };
}

/** Where readings have become hours there are none to give: that is a gap. */
function readingsOf({ chunks, series, leaveOut }: Source, stretch: Stretch): SeriesColumns {
  if (stretch.kind === 'readings') return stretch.readings;
  if (stretch.chunk.kind === HOURS) return createHead();
  return (
    undamaged(
      () => chunks.readings(series, stretch.chunk),
      () => leaveOut(stretch.chunk),
    ) ?? createHead()
  );
}

function inBuckets(
  source: Source,
  stretches: Iterable<Stretch>,
  { from, to, points, aggregate }: Query & { aggregate: Exclude<Aggregate, 'raw'> },
): PackedPoints & { bucketMs: number; next: null } {
  const bucketMs = Math.max(1, Math.ceil((to - from) / points));
  const buckets = createBuckets({ from, to, bucketMs, aggregate });
  for (const stretch of stretches) {
    if (stretch.kind === 'readings') buckets.addReadings(stretch.readings);
    else addChunk(buckets, stretch.chunk, source);
  }
  return { bucketMs, ...buckets.points(), next: null };
}

/** Opened only where a bucket ends within it, or where no checksum vouches for its summary. */
function addChunk(buckets: Buckets, chunk: Chunk, { chunks, series, leaveOut }: Source): void {
  if (chunk.checksum !== null && buckets.addWhole(chunk.start, chunk.end, chunk)) return;
  const damaged = (): void => leaveOut(chunk);
  if (chunk.kind === HOURS) {
    for (const hour of undamaged(() => chunks.hours(series, chunk), damaged) ?? [])
      buckets.addWhole(hour.ts, hour.ts, hour);
  } else {
    const readings = undamaged(() => chunks.readings(series, chunk), damaged);
    if (readings) buckets.addReadings(readings);
  }
}

function undamaged<T>(read: () => T, damaged: () => void): T | null {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof DamageError)) throw error;
    damaged();
    return null;
  }
}

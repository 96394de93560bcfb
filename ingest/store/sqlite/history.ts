/** History of one series from chunks and journal (contract 3.4). */
import type { DatabaseSync } from 'node:sqlite';
import type { Aggregate } from '../../../model/history.ts';
import { type Buckets, createBuckets } from './buckets.ts';
import { decodeChunk } from './chunk-codec.ts';
import { type Chunk, type ChunkReader, createChunkReader, HOURS } from './chunk-table.ts';
import { BAD, countBelow, createHead, merge, type SeriesColumns, slice } from './columns.ts';
import { decodeHours } from './hours.ts';
import { createPoints } from './packed-points.ts';
import type { Argument, PackedHistory, ReaderCalls } from './protocol.ts';
import { createRecent } from './recent.ts';

type Query = Argument<ReaderCalls, 'history'>;

/** A stretch of the past: readings, or a chunk that need not be opened where its summary is enough. */
type Stretch =
  | { readonly kind: 'readings'; readonly readings: SeriesColumns }
  | { readonly kind: 'chunk'; readonly chunk: Chunk };

export function createHistory(db: DatabaseSync): (query: Query) => PackedHistory {
  const chunks = createChunkReader(db);
  const recent = createRecent(db);
  return (query) => {
    const { series, from, to, aggregate } = query;
    // Chunks and journal as of one moment.
    db.exec('BEGIN');
    try {
      const stretches = stretchesOf(chunks, recent.of(series, from, to), query);
      return aggregate === 'raw'
        ? rawPage(chunks, stretches, query)
        : inBuckets(chunks, stretches, { ...query, aggregate });
    } finally {
      db.exec('COMMIT');
    }
  };
}

/** Oldest first; none overlaps another. A chunk into which the journal reaches is opened and merged with it. */
function* stretchesOf(chunks: ChunkReader, recent: SeriesColumns, { series, from, to }: Query): Generator<Stretch> {
  let at = 0;
  for (const chunk of chunks.overlapping(series, from, to)) {
    const before = countBelow(recent, chunk.start);
    const within = countBelow(recent, chunk.end + 1);
    if (before > at) yield { kind: 'readings', readings: slice(recent, at, before) };
    if (within === before) yield { kind: 'chunk', chunk };
    else {
      const stored = decodeChunk(chunks.data(series, chunk.start));
      yield { kind: 'readings', readings: merge(stored, slice(recent, before, within)) };
    }
    at = within;
  }
  if (at < recent.count) yield { kind: 'readings', readings: slice(recent, at, recent.count) };
}

function rawPage(chunks: ChunkReader, stretches: Iterable<Stretch>, query: Query): PackedHistory {
  const { from, to } = query;
  const points = createPoints(2);
  let left = query.points;
  for (const stretch of stretches) {
    const readings = readingsOf(chunks, stretch, query.series);
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
function readingsOf(chunks: ChunkReader, stretch: Stretch, series: number): SeriesColumns {
  if (stretch.kind === 'readings') return stretch.readings;
  return stretch.chunk.kind === HOURS ? createHead() : decodeChunk(chunks.data(series, stretch.chunk.start));
}

function inBuckets(
  chunks: ChunkReader,
  stretches: Iterable<Stretch>,
  { series, from, to, points, aggregate }: Query & { aggregate: Exclude<Aggregate, 'raw'> },
): PackedHistory {
  const bucketMs = Math.max(1, Math.ceil((to - from) / points));
  const buckets = createBuckets({ from, to, bucketMs, aggregate });
  for (const stretch of stretches) {
    if (stretch.kind === 'readings') buckets.addReadings(stretch.readings);
    else addChunk(buckets, stretch.chunk, () => chunks.data(series, stretch.chunk.start));
  }
  return { bucketMs, ...buckets.points(), next: null };
}

/** Opened only where a bucket ends within it. */
function addChunk(buckets: Buckets, chunk: Chunk, data: () => Uint8Array): void {
  if (buckets.addWhole(chunk.start, chunk.end, chunk)) return;
  if (chunk.kind === HOURS) for (const hour of decodeHours(data())) buckets.addWhole(hour.ts, hour.ts, hour);
  else buckets.addReadings(decodeChunk(data()));
}

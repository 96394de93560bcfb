/** What the writer knows without asking the database: the newest reading of each series, and all that no chunk holds yet. */
import { type Chunk, READINGS } from './chunk.ts';
import { type ChunkTable, lastValue } from './chunk-table.ts';
import { createHead, findTs, type Head, insert, remove, type SeriesColumns } from './columns.ts';
import { isDamage } from './damage.ts';
import { OUTCOME_CODES, type ReadingColumns } from './protocol.ts';

export interface WriterMemory {
  /** Notes a reading that is to be stored, unless it is known already. An outcome code. */
  take(series: number, ts: number, value: number, quality: number): number;
  /** Forgets readings that were taken and could not be stored. */
  giveBack(columns: ReadingColumns): void;
  /** A series there is, and up to where its readings are rolled up or gone. Before anything else of it. */
  know(series: number, horizon: number | null): void;
  /** Takes over an entry of the journal, at the start; false where it names a series that there is not. */
  load(columns: ReadingColumns): boolean;
  /** All that no chunk holds yet, in pieces of at most so many readings. */
  recent(pieceReadings: number): Iterable<ReadingColumns>;
  /** Sets aside what is in no chunk yet, by series; it stays known until each has been dropped. */
  freeze(): Map<number, Head>;
  /** A frozen series is in its chunks now. */
  dropFrozen(series: number): void;
  newest(): ReadingColumns;
  /** Readings up to there are rolled up or gone. */
  setHorizon(series: number, ts: number): void;
}

interface Known {
  newestTs: number;
  newestValue: number;
  newestQuality: number;
  /** ts of the last reading in a chunk. */
  chunkEnd: number;
  horizon: number;
  /** In the journal only. */
  head: Head | null;
  /** As `head`, on its way into chunks. */
  frozen: Head | null;
}

const [STORED, DUPLICATE, CONFLICT, EXPIRED] = OUTCOME_CODES.map((_, code) => code) as [number, number, number, number];
/** Decoded chunks of those who send the past: a few devices at a time. */
const CACHED_CHUNKS = 128;

/** `onUnreadable`: pages of a series' chunks cannot be read. It goes on as if they were not there. */
export function createWriterMemory(
  chunks: ChunkTable,
  onUnreadable: (series: number, reason: string) => void,
): WriterMemory {
  const bySeries: (Known | undefined)[] = [];

  /** Nothing of the past may stand in the way of what comes now. */
  function readable<T>(series: number, read: () => T, otherwise: T): T {
    try {
      return read();
    } catch (error) {
      if (!isDamage(error)) throw error;
      onUnreadable(series, (error as Error).message);
      return otherwise;
    }
  }

  const decoded = createChunkCache(chunks, readable);

  function of(series: number): Known {
    const known = bySeries[series];
    if (!known) throw new Error(`series ${series} has not been told of`);
    return known;
  }

  function setNewest(memory: Known, ts: number, value: number, quality: number): void {
    memory.newestTs = ts;
    memory.newestValue = value;
    memory.newestQuality = quality;
  }

  function setNewestOfChunks(series: number, memory: Known): void {
    const last = readable(series, () => lastOf(chunks, series), null);
    memory.chunkEnd = last?.end ?? Number.NEGATIVE_INFINITY;
    setNewest(memory, memory.chunkEnd, last ? lastValue(last) : Number.NaN, last?.endQuality ?? 0);
  }

  /** The value stored at ts, or undefined. */
  function valueAt(series: number, memory: Known, ts: number): number | undefined {
    const { head, frozen, chunkEnd } = memory;
    const recent = (head && valueIn(head, ts)) ?? (frozen && valueIn(frozen, ts)) ?? undefined;
    return recent ?? (ts <= chunkEnd ? decoded.valueAt(series, ts) : undefined);
  }

  function take(series: number, ts: number, value: number, quality: number): number {
    const memory = of(series);
    if (ts > memory.newestTs) setNewest(memory, ts, value, quality);
    else if (ts <= memory.horizon) return EXPIRED;
    else {
      const stored = valueAt(series, memory, ts);
      if (stored !== undefined) return Object.is(stored, value) ? DUPLICATE : CONFLICT;
    }
    memory.head ??= createHead();
    insert(memory.head, ts, value, quality);
    return STORED;
  }

  /** Of a series whose newest reading was given back. */
  function renewNewest(series: number, memory: Known): void {
    setNewestOfChunks(series, memory);
    for (const columns of [memory.frozen, memory.head]) {
      const at = (columns?.count ?? 0) - 1;
      const ts = columns?.ts[at] ?? Number.NEGATIVE_INFINITY;
      if (ts > memory.newestTs) setNewest(memory, ts, columns?.value[at] ?? 0, columns?.quality[at] ?? 0);
    }
  }

  return {
    take,
    giveBack({ series, ts }) {
      series.forEach((id, i) => {
        const memory = of(id);
        if (memory.head) remove(memory.head, ts[i] ?? 0);
        if (memory.newestTs === ts[i]) renewNewest(id, memory);
      });
    },
    know(series, horizon) {
      if (bySeries[series]) return;
      const memory = createKnown(horizon);
      bySeries[series] = memory;
      setNewestOfChunks(series, memory);
    },
    load(columns) {
      if (!columns.series.every((id) => bySeries[id])) return false;
      columns.series.forEach((id, i) => {
        const memory = of(id);
        const [ts = 0, value = 0, quality = 0] = [columns.ts[i], columns.value[i], columns.quality[i]];
        memory.head ??= createHead();
        if (findTs(memory.head, ts) < 0) insert(memory.head, ts, value, quality);
        if (ts > memory.newestTs) setNewest(memory, ts, value, quality);
      });
      return true;
    },
    *recent(pieceReadings) {
      for (const [series, memory] of bySeries.entries()) {
        for (const head of [memory?.frozen, memory?.head]) {
          for (let at = 0; at < (head?.count ?? 0); at += pieceReadings)
            yield pieceOf(series, head as Head, at, Math.min(at + pieceReadings, (head as Head).count));
        }
      }
    },
    freeze() {
      const frozen = new Map<number, Head>();
      bySeries.forEach((memory, series) => {
        if (!memory?.head?.count) return;
        frozen.set(series, memory.head);
        memory.frozen = memory.head;
        memory.head = null;
      });
      return frozen;
    },
    dropFrozen(series) {
      const memory = of(series);
      if (!memory.frozen) return;
      memory.chunkEnd = Math.max(memory.chunkEnd, memory.frozen.ts[memory.frozen.count - 1] ?? 0);
      memory.frozen = null;
      decoded.forget(series);
    },
    newest: () => toColumns(bySeries),
    setHorizon(series, ts) {
      const memory = bySeries[series];
      // Of a series whose own row is damaged.
      if (!memory) return;
      memory.horizon = Math.max(memory.horizon, ts);
      decoded.forget(series);
    },
  };
}

function createKnown(horizon: number | null): Known {
  const never = Number.NEGATIVE_INFINITY;
  return {
    newestTs: never,
    newestValue: Number.NaN,
    newestQuality: 0,
    chunkEnd: never,
    horizon: horizon ?? never,
    head: null,
    frozen: null,
  };
}

function valueIn(columns: SeriesColumns, ts: number): number | undefined {
  const at = findTs(columns, ts);
  return at < 0 ? undefined : columns.value[at];
}

function pieceOf(series: number, { ts, value, quality }: Head, from: number, to: number): ReadingColumns {
  return {
    series: new Int32Array(to - from).fill(series),
    ts: ts.slice(from, to),
    value: value.slice(from, to),
    quality: quality.slice(from, to),
  };
}

/** The last chunk that can be believed. Without a checksum it is opened: its last value is about to be shown as live. */
function lastOf(chunks: ChunkTable, series: number): Chunk | null {
  for (;;) {
    const last = chunks.last(series);
    if (last === null || last.checksum !== null) return last;
    try {
      chunks.body(series, last);
      return last;
    } catch (error) {
      if (!isDamage(error) || !chunks.setAside(series, last.start, (error as Error).message)) throw error;
    }
  }
}

/** The chunk that each series was last asked for. */
function createChunkCache(chunks: ChunkTable, readable: <T>(series: number, read: () => T, otherwise: T) => T) {
  const cached = new Map<number, SeriesColumns>();

  function load(series: number, ts: number): SeriesColumns | null {
    const chunk = chunks.reaching(series, ts);
    if (chunk === null || chunk.end < ts || chunk.kind !== READINGS) return null;
    const columns = opened(series, chunk);
    if (!columns) return null;
    cached.set(series, columns);
    for (const oldest of cached.keys()) {
      if (cached.size <= CACHED_CHUNKS) break;
      cached.delete(oldest);
    }
    return columns;
  }

  /** Null where it is damaged: what comes for its times is new then. */
  function opened(series: number, chunk: Chunk): SeriesColumns | null {
    try {
      return chunks.readings(series, chunk);
    } catch (error) {
      if (!isDamage(error) || !chunks.setAside(series, chunk.start, (error as Error).message)) throw error;
      return null;
    }
  }

  return {
    valueAt(series: number, ts: number): number | undefined {
      const known = cached.get(series);
      const holds = known && ts >= (known.ts[0] ?? 0) && ts <= (known.ts[known.count - 1] ?? 0);
      const columns = holds ? known : readable(series, () => load(series, ts), null);
      return columns ? valueIn(columns, ts) : undefined;
    },
    forget: (series: number) => void cached.delete(series),
  };
}

function toColumns(known: readonly (Known | undefined)[]): ReadingColumns {
  const series = Int32Array.from(known.keys()).filter((id) => Number.isFinite(known[id]?.newestTs));
  const of = (field: (memory: Known) => number) => (id: number) => field(known[id] as Known);
  return {
    series,
    ts: Float64Array.from(
      series,
      of((m) => m.newestTs),
    ),
    value: Float64Array.from(
      series,
      of((m) => m.newestValue),
    ),
    quality: Uint8Array.from(
      series,
      of((m) => m.newestQuality),
    ),
  };
}

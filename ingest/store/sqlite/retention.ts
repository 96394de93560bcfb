/**
 * Keeps the database within its bounds: readings past their age become hours, and where the disk budget is spent, so does
 * the oldest first, then the oldest hours go. Gives free pages back. Works in slices, as the compactor does.
 */
import type { DatabaseSync } from 'node:sqlite';
import { type Chunk, HOURS, READINGS } from './chunk.ts';
import type { ChunkTable } from './chunk-table.ts';
import { DamageError, isDamage } from './damage.ts';
import { toHours } from './hours.ts';
import type { WriterMemory } from './memory.ts';
import type { Retention } from './protocol.ts';
import type { SeriesTable } from './series-table.ts';
import type { SetAside } from './set-aside.ts';
import { inTransaction } from './transaction.ts';

export interface Keeper {
  /** Begins to look after everything, in slices. */
  start(): void;
  /** All of it, now. */
  finish(): void;
  stop(): void;
}

interface Parts {
  readonly db: DatabaseSync;
  readonly chunks: ChunkTable;
  readonly series: Pick<SeriesTable, 'raiseHorizon'>;
  readonly setAside: Pick<SetAside, 'tell'>;
  readonly memory: WriterMemory;
  readonly retention: Retention;
  /** Epoch ms; null while nobody knows: nothing goes then. */
  readonly now: () => number | null;
}

interface Oldest {
  readonly series: number;
  readonly start: number;
  readonly end: number;
  readonly kind: number;
}

const DAY_MS = 86_400_000;
const HOURLY_MS = 3_600_000;
const RETRY_MS = 60_000;
/** While anything older is left, a spent budget takes no readings younger than this. */
const SPARED_MS = 7 * DAY_MS;
const SLICE_CHUNKS = 20;
const SLICE_PAGES = 128;
/** Free pages up to here are left for the next round of the journal. */
const SPARE_PAGES = 1_024;

export function createKeeper({ db, chunks, series: seriesTable, setAside, memory, retention, now }: Parts): Keeper {
  const oldest =
    db.prepare(`SELECT CAST(series AS REAL) AS series, CAST(start AS REAL) AS start, CAST(end AS REAL) AS end,
    CAST(kind AS REAL) AS kind FROM chunk WHERE kind = ? ORDER BY chunk.end LIMIT 1`);
  const pragma = (name: string): number => Number(Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0]);
  const pageBytes = pragma('page_size');
  let timer: NodeJS.Timeout | NodeJS.Immediate | null = null;

  const find = (kind: number): Oldest | null => (oldest.get(kind) as unknown as Oldest | undefined) ?? null;

  /** The chunk to go next, or null where all is within bounds. */
  function choose(): Oldest | null {
    const nowMs = now();
    if (nowMs === null) return null;
    const readings = find(READINGS);
    const { rawDays, diskBytes } = retention;
    if (readings && rawDays !== null && readings.end < nowMs - rawDays * DAY_MS) return readings;
    if ((pragma('page_count') - pragma('freelist_count')) * pageBytes <= diskBytes) return null;
    if (readings && readings.end < nowMs - SPARED_MS) return readings;
    return find(HOURS) ?? readings;
  }

  /** Whether it was done: what is damaged goes aside instead, and takes no horizon with it. */
  function shrink(oldest: Oldest): boolean {
    const { series, start, end, kind } = oldest;
    const chunk = chunks.at(series, start);
    if (chunk === null) {
      chunks.dropIndexEntry(oldest);
      return false;
    }
    if (chunk.kind !== kind || chunk.end !== end) throw new DamageError('the index of the chunks by age is damaged');
    if (kind === HOURS) chunks.remove(series, start);
    else if (!rollUp(series, chunk)) return false;
    seriesTable.raiseHorizon(series, end);
    return true;
  }

  function rollUp(series: number, chunk: Chunk): boolean {
    try {
      chunks.replaceByHours(series, chunk, toHours(chunks.readings(series, chunk)));
      return true;
    } catch (error) {
      const isAside = error instanceof DamageError && chunks.setAside(series, chunk.start, error.message);
      if (!isAside) throw error;
      return false;
    }
  }

  /** Whether there may be more to do. */
  function slice(): boolean {
    const shrunk: Oldest[] = [];
    let looked = 0;
    inTransaction(db, () => {
      for (let next = choose(); next && looked < SLICE_CHUNKS; next = choose()) {
        looked++;
        if (shrink(next)) shrunk.push(next);
      }
    });
    for (const { series, end } of shrunk) memory.setHorizon(series, end);
    return looked === SLICE_CHUNKS || giveBackPages();
  }

  function giveBackPages(): boolean {
    const free = pragma('freelist_count');
    if (free <= SPARE_PAGES || free <= pragma('page_count') / 4) return false;
    db.exec(`PRAGMA incremental_vacuum(${SLICE_PAGES})`);
    return true;
  }

  function step(): void {
    try {
      timer = slice() ? setImmediate(step) : setTimeout(step, HOURLY_MS);
    } catch (error) {
      // A full disk, as a rule: the commits say so themselves.
      timer = setTimeout(step, rests(error) ? HOURLY_MS : RETRY_MS);
    }
  }

  /** Whether damage is to blame, which is told: nothing is deleted by age or budget any more, until a repair. */
  function rests(error: unknown): boolean {
    if (!isDamage(error)) return false;
    const reason = `retention rests until a repair: ${(error as Error).message}`;
    setAside.tell({ series: null, from: null, to: null, reason });
    return true;
  }

  function stop(): void {
    clearImmediate(timer as NodeJS.Immediate);
    clearTimeout(timer as NodeJS.Timeout);
    timer = null;
  }

  return {
    start() {
      stop();
      timer = setImmediate(step);
    },
    finish() {
      try {
        while (slice());
      } catch (error) {
        if (!rests(error)) throw error;
      }
      db.exec('PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE);');
    },
    stop,
  };
}

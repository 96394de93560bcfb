/**
 * Moves readings from the journal into chunks, a few milliseconds at a time, so that no commit waits long for it. Each slice is
 * a transaction of its own; until the journal's rows are deleted, what has been moved stands in both places, and counts once.
 */
import type { DatabaseSync } from 'node:sqlite';
import { encodeChunk } from './chunk-codec.ts';
import { type ChunkTable, FULL_CHUNK } from './chunk-table.ts';
import { type Head, slice as sliceOf } from './columns.ts';
import { isDamage } from './damage.ts';
import type { JournalTable } from './journal.ts';
import type { WriterMemory } from './memory.ts';
import type { SetAside } from './set-aside.ts';
import { inTransaction } from './transaction.ts';

export interface Compactor {
  /** Readings that a commit has added to the journal, as entry `id`. */
  committed(id: number, readings: number): void;
  /** Throws while the journal grows and cannot be moved: what is not stored is not acknowledged. */
  ensureRoom(): void;
  /** Moves all there is, now. */
  finish(): void;
  stop(): void;
}

interface Parts {
  readonly db: DatabaseSync;
  readonly setAside: Pick<SetAside, 'wait' | 'tell'>;
  readonly journal: JournalTable;
  readonly chunks: ChunkTable;
  readonly memory: WriterMemory;
  /** Runs when a round is complete, and may throw as the round may. */
  readonly afterwards: () => void;
  /** Begins the journal anew, for its pages cannot be read. */
  readonly renewJournal: () => void;
}

/** A round begins with so many readings, or entries: the first bounds memory, both bound what a reader looks through. */
const ROUND_READINGS = 250_000;
const ROUND_ENTRIES = 4_096;
/** The journal never holds more than this, if moving it fails for good. */
const MAX_READINGS = 10 * ROUND_READINGS;
const SLICE_MS = 4;
const SLICE_ENTRIES = 256;
const RETRY_MS = 1_000;

interface Round {
  readonly series: Map<number, Head>;
  readonly upToId: number;
  readonly readings: number;
  /** Series whose chunks are damaged beyond setting one aside: their readings wait for a repair, and hold up nobody else's. */
  readonly stuck: Map<number, string>;
}

export function createCompactor(parts: Parts): Compactor {
  const { db, journal, chunks, memory, setAside, afterwards, renewJournal } = parts;
  let round: Round | null = null;
  let entries = 0;
  let readings = 0;
  let lastId = 0;
  let failure: Error | null = null;
  let timer: NodeJS.Timeout | NodeJS.Immediate | null = null;

  function begin(): Round {
    const begun = { series: memory.freeze(), upToId: lastId, readings, stuck: new Map() };
    entries = 0;
    return begun;
  }

  /** Moves series for as long as a slice may take; with none left, deletes entries. Whether the round is complete. */
  function slice(of: Round, sliceMs: number): boolean {
    const until = performance.now() + sliceMs;
    const moved: number[] = [];
    let current: number | null = null;
    try {
      const isDone = inTransaction(db, () => {
        for (const [id, head] of of.series) {
          current = id;
          move(id, head, of.stuck);
          moved.push(id);
          if (performance.now() > until) return false;
        }
        current = null;
        return moved.length === 0 && journal.deleteUpTo(of.upToId, SLICE_ENTRIES);
      });
      for (const id of moved) {
        memory.dropFrozen(id);
        of.series.delete(id);
      }
      return isDone;
    } catch (error) {
      if (!isDamage(error)) throw error;
      if (current === null) renewJournal();
      else if (of.stuck.has(current)) throw error;
      else of.stuck.set(current, (error as Error).message);
      return false;
    }
  }

  function move(series: number, head: Head, stuck: Round['stuck']): void {
    const reason = stuck.get(series);
    if (reason === undefined) {
      chunks.merge(series, head);
      return;
    }
    for (let at = 0; at < head.count; at += FULL_CHUNK) {
      const piece = sliceOf(head, at, Math.min(at + FULL_CHUNK, head.count));
      const [from = 0, to = 0] = [piece.ts[0], piece.ts[piece.count - 1]];
      setAside.wait(series, { from, to }, encodeChunk(piece));
    }
    // Without a span: the same is told once, however many rounds there are.
    setAside.tell({ series, from: null, to: null, reason: `its readings wait for a repair: ${reason}` });
  }

  function step(): void {
    timer = null;
    try {
      round ??= begin();
      const isDone = slice(round, SLICE_MS);
      if (isDone) complete(round);
      failure = null;
      if (round || isDue()) timer = setImmediate(step);
    } catch (error) {
      // A full disk, as a rule: the round stays as it is, and the slice is tried again.
      failure = error as Error;
      timer = setTimeout(step, RETRY_MS);
    }
  }

  function complete(done: Round): void {
    round = null;
    readings -= done.readings;
    afterwards();
  }

  const isDue = (): boolean => readings >= ROUND_READINGS || entries >= ROUND_ENTRIES;

  function stop(): void {
    if (timer) {
      clearImmediate(timer as NodeJS.Immediate);
      clearTimeout(timer as NodeJS.Timeout);
    }
    timer = null;
  }

  return {
    committed(id, count) {
      lastId = id;
      entries++;
      readings += count;
      if (timer === null && isDue()) timer = setImmediate(step);
    },
    ensureRoom() {
      if (failure && readings > MAX_READINGS) throw new Error(`the journal is full: ${failure.message}`);
    },
    finish() {
      stop();
      for (let rounds = 0; rounds < 2; rounds++) {
        round ??= begin();
        while (!slice(round, Number.POSITIVE_INFINITY));
        complete(round);
      }
    },
    stop,
  };
}

/**
 * Gives the chunks of version 2 their checksums, behind everything else: some each second, so that a file of 20 GB has them
 * within days and nobody waits. Each is opened and compared with its summary first: a checksum vouches for nothing damaged.
 */
import type { DatabaseSync } from 'node:sqlite';
import { selectChunks } from './chunk-reader.ts';
import { faultOfRow } from './chunk-seal.ts';
import type { ChunkTable } from './chunk-table.ts';
import { DamageError, isDamage } from './damage.ts';
import type { SetAside } from './set-aside.ts';
import { inTransaction } from './transaction.ts';

export interface Sealer {
  start(): void;
  /** All of it, now. */
  finish(): void;
  stop(): void;
}

interface Parts {
  readonly db: DatabaseSync;
  readonly chunks: ChunkTable;
  readonly setAside: Pick<SetAside, 'tell'>;
}

interface Position {
  readonly series: number;
  readonly start: number;
}

const SLICE_CHUNKS = 32;
const SLICE_EVERY_MS = 1_000;
const RETRY_MS = 60_000;

export function createSealer({ db, chunks, setAside }: Parts): Sealer {
  const selectPosition = db.prepare('SELECT CAST(series AS REAL) AS series, CAST(start AS REAL) AS start FROM sealing');
  const savePosition = db.prepare('UPDATE sealing SET series = ?, start = ?');
  const selectIds = db.prepare(`SELECT CAST(series AS REAL) AS series, CAST(start AS REAL) AS start FROM chunk
    WHERE (series, start) > (?, ?) ORDER BY chunk.series, chunk.start LIMIT ${SLICE_CHUNKS}`);
  const selectAt = selectChunks(db, 'series = ? AND start = ?');
  let timer: NodeJS.Timeout | null = null;

  /** Whether there may be more to do. */
  function slice(): boolean {
    const from = selectPosition.get() as unknown as Position | undefined;
    if (!from) return false;
    try {
      inTransaction(db, () => sealFrom(from));
    } catch (error) {
      if (!isDamage(error)) throw error;
      // Pages that cannot be read: the rest of that series stays without, and goes on being opened when it is asked for.
      setAside.tell({
        series: from.series,
        from: null,
        to: null,
        reason: `chunks cannot be read: ${(error as Error).message}`,
      });
      savePosition.run(from.series + 1, 0);
    }
    return true;
  }

  function sealFrom(from: Position): void {
    const ids = selectIds.all(from.series, from.start) as unknown as Position[];
    for (const { series, start } of ids) sealOne(series, start);
    const last = ids.at(-1);
    if (!last) db.exec('DELETE FROM sealing');
    else if (last.series < from.series || (last.series === from.series && last.start <= from.start))
      throw new DamageError('they are not in order');
    else savePosition.run(last.series, last.start);
  }

  function sealOne(series: number, start: number): void {
    const chunk = selectAt(series, start)[0];
    if (!chunk) return;
    try {
      const fault = faultOfRow(series, chunk);
      if (fault !== null) throw new DamageError(fault);
      if (chunk.checksum === null) chunks.seal(series, chunk);
    } catch (error) {
      if (!(error instanceof DamageError)) throw error;
      chunks.setAside(series, start, error.message);
    }
  }

  function step(): void {
    try {
      timer = slice() ? setTimeout(step, SLICE_EVERY_MS) : null;
    } catch {
      // A full disk, as a rule: the commits say so themselves.
      timer = setTimeout(step, RETRY_MS);
    }
  }

  return {
    start() {
      timer = setTimeout(step, SLICE_EVERY_MS);
    },
    finish() {
      while (slice());
    },
    stop() {
      if (timer) clearTimeout(timer);
      timer = null;
    },
  };
}

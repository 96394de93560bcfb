/**
 * Writes changed rows to the file shortly after. What came and went in between is never written. While the disk refuses, a
 * row waits once however often it changes, so that memory grows no further than the limits of what it holds.
 */
import type { Log } from '../../model/log.ts';
import type { Row } from './rows.ts';
import type { SessionFile } from './session-file.ts';

export interface WriteBehind {
  note(row: Row): void;
  /** Rows that the file does not have as they are. */
  unsaved(): number;
  /** Writes what it can, and closes the file. */
  close(): Promise<void>;
}

const DELAY_MS = 100;
/** A batch takes a few milliseconds of the event loop, and the next one waits for some times as long. */
const BATCH_ROWS = 1_000;
const BATCH_BYTES = 1024 * 1024;
const NEXT_BATCH_MS = 20;
const PAUSE_RATIO = 5;
const RETRY_MS = 2_000;

/** `onDamage` is told once where the file proves to be damaged: all goes on in memory. */
export function createWriteBehind(
  file: SessionFile,
  log: Log,
  onDamage: (reason: string) => void = () => undefined,
): WriteBehind {
  const changed = new Set<Row>();
  let timer: NodeJS.Timeout | null = null;
  let isFailing = false;
  let isClosed = false;

  function nextBatch(): Row[] {
    const batch: Row[] = [];
    let bytes = 0;
    for (const row of changed) {
      if (batch.length >= BATCH_ROWS || bytes >= BATCH_BYTES) break;
      batch.push(row);
      bytes += bytesOf(row);
    }
    return batch;
  }

  function writeBatch(): boolean {
    const batch = nextBatch();
    try {
      file.write(batch);
    } catch (error) {
      if (!isFailing)
        log.error({ reason: (error as Error).message }, 'broker.db cannot be written; sessions are kept in memory');
      if (!isFailing && isDamaged(error)) onDamage((error as Error).message);
      isFailing = true;
      return false;
    }
    if (isFailing) log.info({}, 'broker.db is written again');
    isFailing = false;
    for (const row of batch) {
      row.isSaved = !row.isGone;
      changed.delete(row);
    }
    return true;
  }

  function run(): void {
    timer = null;
    const startedAt = performance.now();
    const isWritten = writeBatch();
    const tookMs = performance.now() - startedAt;
    if (changed.size > 0) wait(isWritten ? Math.max(NEXT_BATCH_MS, PAUSE_RATIO * tookMs) : RETRY_MS);
  }

  function wait(delayMs: number): void {
    timer ??= setTimeout(run, delayMs);
  }

  return {
    note(row) {
      if (isClosed) return;
      if (row.isGone && !row.isSaved) changed.delete(row);
      else changed.add(row);
      if (changed.size > 0) wait(DELAY_MS);
    },
    unsaved: () => changed.size,
    async close() {
      if (timer) clearTimeout(timer);
      while (changed.size > 0 && writeBatch());
      isClosed = true;
      await file.close();
    },
  };
}

/** Primary result codes of SQLite: SQLITE_CORRUPT and SQLITE_NOTADB. */
const DAMAGED: readonly number[] = [11, 26];

function isDamaged(error: unknown): boolean {
  const { errcode = 0 } = error as { errcode?: number };
  return DAMAGED.includes(errcode & 0xff);
}

/** As it stands in memory; what is gone has none. */
function bytesOf(row: Row): number {
  if (row.isGone) return 0;
  if (row.table === 'queued') return row.bytes;
  return row.table === 'session' ? row.bytes : row.packet.topic.length + row.packet.payload.length;
}

/** Brings what SQLite has written to its log onto the disk, without making anybody wait: a slow card takes 100 ms for it. */
import { closeSync, existsSync, fdatasync, openSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';

export interface BackgroundSync {
  /** There is something new. */
  note(): void;
  stop(): void;
}

/** With `synchronous = NORMAL` a commit survives the end of the process at once, and the end of the power after this. */
export function createBackgroundSync(db: DatabaseSync, file: string): BackgroundSync {
  const log = `${file}-wal`;
  let handle: number | null = null;
  let isRunning = false;
  let isAsked = false;
  let isStopped = false;

  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4000;');

  function run(): void {
    isAsked = false;
    handle ??= existsSync(log) ? openSync(log, 'r+') : null;
    if (handle === null) return;
    isRunning = true;
    // A disk that cannot is an alarm of its own; the next commit asks again.
    fdatasync(handle, () => {
      isRunning = false;
      if (isStopped) close();
      else if (isAsked) run();
    });
  }

  function close(): void {
    if (handle !== null) closeSync(handle);
    handle = null;
  }

  return {
    note() {
      isAsked = true;
      if (!isRunning) run();
    },
    stop() {
      isStopped = true;
      if (!isRunning) close();
    },
  };
}

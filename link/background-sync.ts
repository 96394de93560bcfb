/**
 * Brings what SQLite has written to its log onto the disk without making anybody wait: a slow card takes 100 ms for it, and one
 * that is dying does not come back at all. The main thread then must not be in a sync, or nobody could be told (ADR 0020).
 */
import { closeSync, fdatasync, fstatSync, openSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';

export interface BackgroundSync {
  /** There is something new, which may wait so long for others that share its sync. */
  note(delayMs?: number): void;
  /** Resolves once all that was noted so far is on the disk. */
  synced(): Promise<void>;
  /** For how long the oldest sync that was asked for has not been done. */
  unsyncedMs(): number;
  /** Closes the database, which ends its log; where the disk hangs it stays open, and goes with the process. */
  close(): Promise<void>;
  /** Closes the database at once and waits for nothing: of a file that is damaged, before another takes its place. */
  abandon(): void;
}

export interface BackgroundSyncOptions {
  readonly db: DatabaseSync;
  readonly file: string;
  /** For tests. */
  readonly sync?: (handle: number, done: (error: Error | null) => void) => void;
}

/** As long a log is moved into its database. */
const CHECKPOINT_BYTES = 16_000_000;
/** A disk that took so long has just shown that it may hang. */
const WELL_MS = 1_000;
const RETRY_MS = 1_000;
const [SQLITE_IOERR, SQLITE_FULL] = [10, 13];
/** Of each file: a stop has 4.5 s. */
const CLOSE_WITHIN_MS = 700;

/** All syncs of the process in line: on a disk that hangs they would take every thread that names are resolved in, too. */
let line: Promise<void> = Promise.resolve();

/**
 * With `synchronous = NORMAL` a commit survives the end of the process at once, and the end of the power after its sync. SQLite
 * itself syncs where a log begins anew and where it is moved into its database. Both are done here, right after a sync that
 * the disk did in time. To be called once the tables are there.
 */
export function createBackgroundSync({ db, file, sync = fdatasync }: BackgroundSyncOptions): BackgroundSync {
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0;');
  tryBeginLog(db);
  const handle = openSync(`${file}-wal`, 'r+');
  let isClosed = false;
  /** Counts of what was noted, and of that what is on the disk. */
  const count = { noted: 0, synced: 0 };
  let waiting: (() => void)[] = [];
  /** A sync that is asked for and has not begun: it covers what comes meanwhile. */
  let isInLine = false;
  let askedMs = 0;
  let oldestMs: number | null = null;

  function ask(): void {
    if (isInLine || isClosed) return;
    askedMs = performance.now();
    oldestMs ??= askedMs;
    isInLine = true;
    line = line.then(runSync);
  }

  async function runSync(): Promise<void> {
    isInLine = false;
    const covered = { noted: count.noted, waiting };
    waiting = [];
    const isWell = await trySync(handle, sync);
    if (isWell === null) {
      // A disk that cannot is an alarm of its own.
      waiting = [...covered.waiting, ...waiting];
      setTimeout(ask, RETRY_MS).unref();
      return;
    }
    count.synced = covered.noted;
    oldestMs = isInLine ? askedMs : null;
    for (const done of covered.waiting) done();
    if (isWell && !isClosed) checkpointIfLong(db, handle);
  }

  return {
    note(delayMs = 0) {
      count.noted++;
      if (delayMs === 0) ask();
      else setTimeout(ask, delayMs).unref();
    },
    synced() {
      if (count.synced === count.noted) return Promise.resolve();
      ask();
      return new Promise((resolve) => waiting.push(resolve));
    },
    unsyncedMs: () => (oldestMs === null ? 0 : performance.now() - oldestMs),
    async close() {
      isClosed = true;
      const proof = line.then(() => trySync(handle, sync));
      line = proof.then(() => undefined);
      const isWell = await Promise.race([proof, delay(CLOSE_WITHIN_MS, null, { ref: false })]);
      if (isWell === null) return;
      closeSync(handle);
      db.close();
    },
    abandon() {
      isClosed = true;
      db.close();
      // A sync may still be at it.
      void line.then(() => closeSync(handle));
    },
  };
}

/** The first frame of a log is synced by SQLite itself: it is written at once, by whoever has emptied the log and may wait. */
export function beginLog(db: DatabaseSync): void {
  const version = Number(db.prepare('PRAGMA user_version').get()?.user_version);
  db.exec(`PRAGMA user_version = ${version}`);
}

/** A full disk keeps nobody from starting: what cannot be saved then waits, and there is an alarm for it. */
function tryBeginLog(db: DatabaseSync): void {
  try {
    beginLog(db);
  } catch (error) {
    const { errcode = 0 } = error as { errcode?: number };
    if (![SQLITE_IOERR, SQLITE_FULL].includes(errcode & 0xff)) throw error;
  }
}

function checkpointIfLong(db: DatabaseSync, handle: number): void {
  try {
    if (fstatSync(handle).size < CHECKPOINT_BYTES) return;
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    beginLog(db);
  } catch {
    // No room, or somebody reads: the log grows, and it is tried again after the next sync.
  }
}

/** Null where the disk refuses, else whether it was in time. */
function trySync(handle: number, sync: NonNullable<BackgroundSyncOptions['sync']>): Promise<boolean | null> {
  const beganMs = performance.now();
  return new Promise((resolve) => {
    sync(handle, (error) => resolve(error ? null : performance.now() - beganMs < WELL_MS));
  });
}

import { DatabaseSync } from 'node:sqlite';

/** Thrown when another process works on the same folder. */
export class DataLockedError extends Error {
  readonly code = 'data-locked';
}

/**
 * Holds a folder for this process: two would count, alarm and acknowledge against each other.
 * SQLite's own file lock, since the system lets go of it even after kill -9. Returns how to let go.
 */
export function lockData(file: string): () => void {
  const db = new DatabaseSync(file);
  try {
    db.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE;');
  } catch (error) {
    db.close();
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) throw new DataLockedError(`${file} is held`);
    throw error;
  }
  return () => db.close();
}

const SQLITE_BUSY = 5;

/** Holds a data folder for one process: two would count, alarm and acknowledge against each other. */
import { statSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Thrown when another process works on the same folder. */
export class DataLockedError extends Error {
  readonly code = 'data-locked';
}

const SQLITE_BUSY = 5;
const LOOK_MS = 5_000;

/**
 * Takes the folder in which `file` is the lock, and returns how to let go. The system lets go of both locks even after
 * kill -9: of a name that belongs to the folder itself, which holds though the file is deleted or replaced, and of SQLite's
 * lock on the file, which holds between containers and on systems that have no such names (ADR 0024).
 */
export function lockData(file: string): () => void {
  const releaseName = holdName(dirname(file));
  try {
    const releaseFile = holdFile(file);
    return () => {
      releaseFile();
      releaseName();
    };
  } catch (error) {
    releaseName();
    throw error;
  }
}

/** A socket without a file: it is gone with the process, and nobody can delete it. */
function holdName(dir: string): () => void {
  const name = nameOf(dir);
  if (name === null) return () => undefined;
  const server = createServer((socket) => socket.destroy());
  // Told by `listening` at once; the event comes later.
  server.on('error', () => undefined);
  server.listen({ path: name, exclusive: true });
  if (!server.listening) throw new DataLockedError(`${dir} is held`);
  server.unref();
  return () => void server.close();
}

/** Of the folder as the file system knows it, so that it is the same by every path to it. */
function nameOf(dir: string): string | null {
  const { dev, ino } = statSync(dir, { bigint: true });
  if (process.platform === 'linux') return `\0aimak-watch-${dev}-${ino}`;
  if (process.platform === 'win32') return `\\\\.\\pipe\\aimak-watch-${dev}-${ino}`;
  return null;
}

/** One that was deleted or replaced meanwhile locks nobody out any more, so the new one is locked too. */
function holdFile(file: string): () => void {
  let held = lockFile(file);
  const looking = setInterval(() => {
    if (inodeOf(file) === held.inode) return;
    try {
      const next = lockFile(file);
      held.release();
      held = next;
    } catch {
      // Held by another, in a container of its own, or no longer a file: it is tried again.
    }
  }, LOOK_MS);
  looking.unref();
  return () => {
    clearInterval(looking);
    held.release();
  };
}

function lockFile(file: string): { readonly inode: bigint | null; release(): void } {
  const db = new DatabaseSync(file);
  try {
    db.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE;');
  } catch (error) {
    db.close();
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) throw new DataLockedError(`${file} is held`);
    throw error;
  }
  return { inode: inodeOf(file), release: () => db.close() };
}

function inodeOf(file: string): bigint | null {
  return statSync(file, { bigint: true, throwIfNoEntry: false })?.ino ?? null;
}

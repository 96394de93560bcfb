/** The data folder, made and taken for this process. */
import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DataLockedError, lockData } from '../ingest/store/data-lock.ts';
import { isDamage } from '../ingest/store/database-look.ts';
import { syncFolder } from '../link/whole-file.ts';
import { keepFilesPrivate } from './folder/rights.ts';
import { obstacleInDatabase, setAside } from './folder/set-aside.ts';
import { StartError } from './start-error.ts';

const LOCK = 'lock.db';

/** Makes the folder and takes it for this process, whose files are its own from then on. Returns how to let go. */
export function openDataDir(dir: string): () => void {
  try {
    makeFolder(dir);
    accessSync(dir, constants.W_OK);
    keepFilesPrivate(dir);
    return takeLock(dir);
  } catch (error) {
    if (error instanceof DataLockedError) {
      throw new StartError(`data folder ${dir}: another Aimak Watch is running on it (see ${join(dir, 'run.json')})`);
    }
    const { code, message } = error as NodeJS.ErrnoException;
    throw new StartError(`data folder ${dir} cannot be written: ${code ?? ''} ${message}`);
  }
}

/** There is nothing in a lock that could be lost. */
function takeLock(dir: string): () => void {
  const file = join(dir, LOCK);
  try {
    return lockData(file);
  } catch (error) {
    // Nothing is touched in a folder that another holds.
    if (error instanceof DataLockedError) throw error;
    if (!isDamage(error) && obstacleInDatabase(file) === null) throw error;
    setAside(dir, LOCK, Date.now());
    return lockData(file);
  }
}

/**
 * One level at a time: Node's own recursive mkdir never returns where a file system says ENOENT below an existing folder.
 * The last is for its owner only: there are people in it, and what they are told.
 */
export function makeFolder(dir: string, mode = 0o700): void {
  if (existsSync(dir)) return;
  makeFolder(dirname(dir), 0o777);
  mkdirSync(dir, { mode });
  syncFolder(dirname(dir));
}

import { randomBytes } from 'node:crypto';
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { DataLockedError, lockData } from '../ingest/store/data-lock.ts';
import { StartError } from './start-error.ts';

/** Makes the folder and takes it for this process. Returns how to let go. */
export function openDataDir(dir: string): () => void {
  try {
    makeFolder(dir);
    accessSync(dir, constants.W_OK);
    return lockData(join(dir, 'lock.db'));
  } catch (error) {
    if (error instanceof DataLockedError) {
      throw new StartError(`data folder ${dir}: another Aimak Watch is running on it (see ${join(dir, 'run.json')})`);
    }
    const { code, message } = error as NodeJS.ErrnoException;
    throw new StartError(`data folder ${dir} cannot be written: ${code ?? ''} ${message}`);
  }
}

/** One level at a time: Node's own recursive mkdir never returns where a file system says ENOENT below an existing folder. */
export function makeFolder(dir: string): void {
  if (existsSync(dir)) return;
  makeFolder(dirname(dir));
  mkdirSync(dir);
  syncFolder(dirname(dir));
}

/** What was made or renamed in it outlives a power cut only after this: the sync of a file keeps its content, not its name. */
export function syncFolder(dir: string): void {
  // Windows opens no folder, and its file systems keep names in order.
  if (process.platform === 'win32') return;
  const handle = openSync(dir, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

export interface RunFile {
  readonly pid: number;
  readonly startedAt: string;
  readonly host: string;
  readonly httpPort: number;
  /** Of the embedded broker; null where there is another. */
  readonly mqttPort: number | null;
  readonly mqttUrl: string;
}

const TOKEN_FILE = 'run.token';

export interface RunToken {
  readonly token: string;
  remove(): void;
}

/** What the command line shows to the server of this run: who can read the data folder may do there what he wants anyway. */
export function writeRunToken(dir: string): RunToken {
  const token = randomBytes(32).toString('base64url');
  const file = join(dir, TOKEN_FILE);
  // One that a killed server left behind would keep its mode.
  rmSync(file, { force: true });
  writeFileSync(file, token, { mode: 0o600, flag: 'wx' });
  return { token, remove: () => rmSync(file, { force: true }) };
}

/** Null where no server runs, or its folder is another account's. */
export function readRunToken(dir: string): string | null {
  try {
    return readFileSync(join(dir, TOKEN_FILE), 'utf8');
  } catch {
    return null;
  }
}

/** `run.json` tells tools and tests which ports were chosen. Returns how to remove it. */
export function writeRunFile(dir: string, run: RunFile): () => void {
  const file = join(dir, 'run.json');
  writeFileSync(file, `${JSON.stringify(run, null, 2)}\n`);
  return () => rmSync(file, { force: true });
}

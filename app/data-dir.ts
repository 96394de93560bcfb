import { accessSync, constants, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
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

/** `run.json` tells tools and tests which ports were chosen. Returns how to remove it. */
export function writeRunFile(dir: string, run: RunFile): () => void {
  const file = join(dir, 'run.json');
  writeFileSync(file, `${JSON.stringify(run, null, 2)}\n`);
  return () => rmSync(file, { force: true });
}

/** A database that is damaged, as after a power cut on a poor card: set aside whole, so that work goes on with a new one. */
import { readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** Primary result codes of SQLite: SQLITE_CORRUPT and SQLITE_NOTADB. */
const DAMAGED: readonly number[] = [11, 26];
const WITH_IT = ['', '-wal'];

export function isDamaged(error: unknown): boolean {
  const { errcode = 0 } = error as { errcode?: number };
  return DAMAGED.includes(errcode & 0xff);
}

/** Renames it. One alone is kept, for whoever wants to save something of it: it may be as large as the outbox. */
export function setAside(file: string): string {
  for (const earlier of filesSetAside(file)) rmSync(join(dirname(file), earlier));
  const aside = `${file}.damaged-${Date.now()}`;
  for (const suffix of WITH_IT) {
    // Without a log beside it there is nothing to rename.
    if (readdirSync(dirname(file)).includes(basename(file) + suffix)) renameSync(file + suffix, aside + suffix);
  }
  rmSync(`${file}-shm`, { force: true });
  return aside;
}

export function hasSetAside(file: string): boolean {
  return filesSetAside(file).length > 0;
}

function filesSetAside(file: string): string[] {
  return readdirSync(dirname(file)).filter((name) => name.startsWith(`${basename(file)}.damaged-`));
}

/** Files that stand in the way are renamed and lie beside, untouched: whoever knows what is in them may still save it. */
import { accessSync, constants, lstatSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { faultOf } from '../../ingest/store/database-look.ts';
import { syncFolder } from '../../link/whole-file.ts';

/** What belongs to a database file beside it. */
const WITH_IT = ['', '-wal', '-shm', '-journal'];
/** A disk that fails damages a file again and again: more than these are not kept. */
const MAX_KEPT = 5;

/** Returns its new name. */
export function setAside(dir: string, file: string, nowMs: number): string {
  const name = `${file}.damaged-${new Date(nowMs).toISOString().replaceAll(/[-:]/g, '')}`;
  for (const suffix of WITH_IT) {
    if (isThere(join(dir, file + suffix))) renameSync(join(dir, file + suffix), join(dir, name + suffix));
  }
  for (const old of asideOf(dir, file).slice(0, -MAX_KEPT)) remove(dir, old);
  syncFolder(dir);
  return name;
}

/** What was set aside of a file and lies there still, the oldest first. */
export function asideOf(dir: string, file: string): readonly string[] {
  const ofFile = new RegExp(`^${RegExp.escape(file)}\\.damaged-[0-9T.]+Z`);
  const names = readdirSync(dir).flatMap((name) => ofFile.exec(name) ?? []);
  return [...new Set(names)].sort();
}

/** A person has seen it: it stays, and is told no more. Returns its new name. */
export function keepAside(dir: string, name: string): string {
  const kept = name.replace('.damaged-', '.kept-');
  for (const suffix of WITH_IT) {
    if (isThere(join(dir, name + suffix))) renameSync(join(dir, name + suffix), join(dir, kept + suffix));
  }
  return kept;
}

/** Why a file that this account is to read and write cannot be used, in words; null where it can, or is not there. */
export function obstacleAt(path: string): string | null {
  if (!isThere(path)) return null;
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) return 'it is a link to nowhere';
  if (!found.isFile()) return found.isDirectory() ? 'it is a folder' : 'it is no file';
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return null;
  } catch {
    return 'this account may not read and write it';
  }
}

/** The same of a database with what belongs to it, and what SQLite finds wrong with it. */
export function obstacleInDatabase(path: string): string | null {
  const [first] = WITH_IT.flatMap((suffix) => obstacleAt(path + suffix) ?? []);
  if (first !== undefined) return first;
  return statSync(path, { throwIfNoEntry: false })?.size ? faultOf(path) : null;
}

/** A link to nowhere is there, too. */
function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function remove(dir: string, name: string): void {
  for (const suffix of WITH_IT) rmSync(join(dir, name + suffix), { force: true, recursive: true });
}

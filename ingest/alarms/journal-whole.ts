/** Whether `alarms.db` is a whole file, asked before anything is written to it; and the last step of its repair. */

import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { repairCommand } from '../../link/repair-command.ts';
import { isUnreadable } from '../../link/sqlite-damage.ts';
import { syncFolder } from '../../link/whole-file.ts';
import { StoreError } from './journal-schema.ts';

/** Some 100,000 alarms; SQLite looks through it in a second. Beyond it damage is found where it is met. */
const MAX_CHECKED_BYTES = 128 * 1024 * 1024;

/** Throws a StoreError where SQLite says that pages or indexes are damaged. The file is only read. */
export function expectWhole(file: string): void {
  const found = statSync(file, { throwIfNoEntry: false });
  if (!found) return;
  if (!found.isFile()) throw noAccess(file, 'it is a folder');
  if (found.size > MAX_CHECKED_BYTES) return;
  const fault = structureFault(file);
  if (fault !== null) throw refusal(file, fault);
}

/** What the file says, or a StoreError where SQLite cannot read it: of a file too large to be looked through beforehand. */
export function orRefuse<T>(file: string, ask: () => T): T {
  try {
    return ask();
  } catch (error) {
    throw isUnreadable(error) ? refusal(file, oneLine((error as Error).message)) : inWords(file, error);
  }
}

/** SQLITE_CANTOPEN and SQLITE_READONLY. */
const NO_ACCESS = [14, 8];

/** SQLite does not say which file it was. */
function inWords(file: string, error: unknown): unknown {
  const { errcode = 0, message } = error as { errcode?: number; message: string };
  return NO_ACCESS.includes(errcode & 0xff) ? noAccess(file, message) : error;
}

function noAccess(file: string, reason: string): StoreError {
  return new StoreError(
    `${file} cannot be opened (${reason}); nothing was changed: it must be a file that the account of the server may read and write`,
  );
}

function refusal(file: string, fault: string): StoreError {
  return new StoreError(
    `${file} is damaged (${fault}); nothing was changed: put a backup back, or save what can be read with: ${repairCommand(file)}`,
  );
}

/** SQLITE_READONLY: the power went within the first steps of a file, and a rollback journal has to be played back. */
const NEEDS_ROLLBACK = 8;

/** Opened for reading, the log of the last run is not moved into the file when it is closed. */
function firstFault(file: string, readOnly = true): string | null {
  try {
    const db = new DatabaseSync(file, { readOnly });
    try {
      const found = String(db.prepare('PRAGMA integrity_check(1)').get()?.integrity_check);
      return found === 'ok' ? null : oneLine(found);
    } finally {
      db.close();
    }
  } catch (error) {
    const { errcode = 0 } = error as { errcode?: number };
    if (readOnly && (errcode & 0xff) === NEEDS_ROLLBACK) return firstFault(file, false);
    throw error;
  }
}

/** What SQLite finds first, or null. */
export function structureFault(file: string): string | null {
  try {
    return firstFault(file);
  } catch (error) {
    if (isUnreadable(error)) return oneLine((error as Error).message);
    throw inWords(file, error);
  }
}

const oneLine = (text: string): string =>
  text.replaceAll('*** in database main ***', '').replaceAll(/\s+/g, ' ').trim();

/** Where `repair` puts what it saved, whole and synced; as soon as it lies there, the repair counts. */
export const repairedName = (file: string): string => `${file}.repaired`;

/**
 * Puts the repaired file in its place, also where the machine died between: the original lies aside already. A file that was
 * put there since, as a backup by a person, stays, and what was repaired is set aside.
 */
export function finishRepair(file: string): void {
  if (!existsSync(repairedName(file))) return;
  if (existsSync(file) && !isLaidAside(file)) {
    const time = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '');
    renameSync(repairedName(file), `${file}.repaired-unused-${time}`);
    syncFolder(dirname(file));
    return;
  }
  // The log belongs to the original, and would garble the new one.
  for (const suffix of ['-wal', '-shm']) rmSync(file + suffix, { force: true });
  syncFolder(dirname(file));
  renameSync(repairedName(file), file);
  syncFolder(dirname(file));
}

/** Whether it is still the file that the repair laid aside last: by a second name, or by a copy of the same bytes. */
function isLaidAside(file: string): boolean {
  const beginning = `${basename(file)}.damaged-`;
  const aside = readdirSync(dirname(file))
    .filter((name) => name.startsWith(beginning) && !/-(wal|shm)$/.test(name))
    .map((name) => ({ path: join(dirname(file), name), order: name.slice(beginning.length) }))
    .toSorted((a, b) => a.order.localeCompare(b.order, 'en', { numeric: true }))
    .at(-1)?.path;
  if (aside === undefined) return false;
  const [here, there] = [file, aside].map((path) => statSync(path, { bigint: true }));
  if (here?.ino === there?.ino && here?.dev === there?.dev) return true;
  return here?.size === there?.size && readFileSync(file).equals(readFileSync(aside));
}

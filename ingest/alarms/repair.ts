/** The repair of `alarms.db`: what can be read and believed goes into a new file, and the original lies beside it, untouched. */

import { chmodSync, chownSync, copyFileSync, existsSync, linkSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { isUnreadable } from '../../link/sqlite-damage.ts';
import { fillUp, mendHeader, openRemains } from '../../link/sqlite-remains.ts';
import { syncFile, syncFolder } from '../../link/whole-file.ts';
import type { RepairReport } from '../../model/repair-report.ts';
import { TABLES } from './journal-rows.ts';
import { CHECKSUMS_SINCE, prepareSchema, versionByTables, versionOf } from './journal-schema.ts';
import { finishRepair, repairedName, structureFault } from './journal-whole.ts';
import { type Salvaged, salvage } from './salvage.ts';

/** No server may run on the folder. It may be ended at any moment, and be run again. */
export async function repairAlarms({ file }: { readonly file: string }): Promise<RepairReport> {
  finishRepair(file);
  const nothing = { file, keptAs: null, saved: [], lost: [] };
  if (!existsSync(file)) return nothing;
  const [copy, made] = [`${file}.repairing`, `${file}.new`];
  removeAll(copy, made);
  try {
    // SQLite would bring the log of the last run into the file that it opens.
    for (const suffix of ['', '-wal']) if (existsSync(file + suffix)) copyFileSync(file + suffix, copy + suffix);
    const read = readInto(made, copy);
    if ('unreadable' in read) return { ...nothing, ...giveUp(file, read.unreadable) };
    if (read.isWhole) return nothing;
    likeOriginal(made, file);
    const keptAs = keep(file);
    renameSync(made, repairedName(file));
    syncFolder(dirname(file));
    finishRepair(file);
    return { file, keptAs, saved: read.tables.flatMap(savedLine), lost: read.tables.flatMap(lostLines) };
  } finally {
    removeAll(copy, made);
  }
}

interface Read {
  readonly isWhole: boolean;
  readonly tables: readonly Salvaged[];
}

function readInto(made: string, copy: string): Read | { readonly unreadable: string } {
  const isMended = mendHeader(copy);
  const from = openRemains(copy);
  try {
    if (isMended) from.exec(`PRAGMA user_version = ${versionByTables(from)}`);
    if (versionOf(from) < CHECKSUMS_SINCE) {
      from.close();
      fillUp(copy);
      from.open();
    }
    const hasChecksums = bringUpToDate(from);
    const fault = structureFault(copy);
    const to = new DatabaseSync(made);
    try {
      prepareSchema(to);
      const tables = TABLES.map((table) => salvage({ from, to, table, hasChecksums }));
      return { tables, isWhole: fault === null && !isMended && tables.every(isWhole) };
    } finally {
      to.close();
    }
  } catch (error) {
    // SQLITE_ERROR: a table that must be there is not.
    const isLost = isUnreadable(error) || (error as { errcode?: number }).errcode === 1;
    if (isLost) return { unreadable: (error as Error).message };
    throw error;
  } finally {
    if (from.isOpen) from.close();
  }
}

const isWhole = ({ damaged, aside, isComplete }: Salvaged): boolean =>
  damaged.length === 0 && aside === 0 && isComplete;

/** The copy; whether its rows have checksums. One that cannot be brought up to date for damage is read as it is. */
function bringUpToDate(from: DatabaseSync): boolean {
  try {
    prepareSchema(from);
    return true;
  } catch (error) {
    const isReadable = isUnreadable(error) && versionOf(from) === CHECKSUMS_SINCE - 1;
    if (!isReadable) throw error;
    return false;
  }
}

/** A file of which nothing can be read is only laid aside: an empty one in its place would look as if all were well. */
function giveUp(file: string, reason: string): Pick<RepairReport, 'keptAs' | 'lost'> {
  const keptAs = keep(file);
  for (const suffix of ['-wal', '-shm', '']) rmSync(file + suffix, { force: true });
  syncFolder(dirname(file));
  return { keptAs, lost: [`Nothing of it can be read (${reason}): all alarms, works and what people did with them.`] };
}

/** A second name for the file as it was found, and for its log. */
function keep(file: string): string {
  const time = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '');
  let keptAs = `${file}.damaged-${time}`;
  for (let n = 2; existsSync(keptAs); n++) keptAs = `${file}.damaged-${time}-${n}`;
  for (const suffix of ['-wal', '']) if (existsSync(file + suffix)) nameAgain(file + suffix, keptAs + suffix);
  syncFolder(dirname(file));
  return keptAs;
}

function nameAgain(file: string, name: string): void {
  try {
    linkSync(file, name);
  } catch {
    // A file system without second names, as on a memory card.
    copyFileSync(file, name);
    syncFile(name);
  }
}

/** Mode and, where it is root who repairs, the owner: the server is to read it as before. */
function likeOriginal(made: string, file: string): void {
  const { mode, uid, gid } = statSync(file);
  chmodSync(made, mode);
  if (process.getuid?.() === 0) chownSync(made, uid, gid);
  syncFile(made);
}

function removeAll(...files: readonly string[]): void {
  for (const file of files)
    for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(file + suffix, { force: true });
}

const NAMES = { alarm: 'alarms', event: 'events', work: 'works', detector_memory: 'memories of the detectors' };
const MOST_NAMED = 20;

const savedLine = ({ table, saved }: Salvaged): string[] => (saved > 0 ? [`${saved} ${NAMES[table]}`] : []);

function lostLines({ table, damaged, aside, isComplete, unread }: Salvaged): string[] {
  const lines: string[] = [];
  const more = damaged.length > MOST_NAMED ? ` and ${damaged.length - MOST_NAMED} more` : '';
  if (damaged.length > 0)
    lines.push(`${damaged.length} ${NAMES[table]} that are damaged: ${damaged.slice(0, MOST_NAMED).join(', ')}${more}`);
  if (aside > 0) lines.push(`${aside} ${NAMES[table]} that the server had set aside as damaged`);
  if (!isComplete) lines.push(`${unread === null ? 'some' : unread} ${NAMES[table]} in pages that cannot be read`);
  return lines;
}

/**
 * Saves what can be read of a damaged readings.db into a new file (contract 1.1). The file as it was found is kept beside it,
 * untouched: all work is on a copy. Until the last step, a rename, the old file is in its place, so that a power cut at any
 * point leaves either of the two, whole.
 */

import { copyFileSync, existsSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { mendHeader } from '../../../link/sqlite-remains.ts';
import { syncFile, syncFolder } from '../../../link/whole-file.ts';
import type { RepairReport } from '../../../model/repair-report.ts';
import { isDamage } from './damage.ts';
import { type Salvage, salvage } from './salvage.ts';
import { openDatabase, openForRepair } from './schema.ts';

interface Options {
  readonly file: string;
  /** Epoch ms, for the name of what is kept. */
  readonly now?: () => number;
}

/** No server may run on the file: the caller holds the lock of its folder. */
export async function repairReadings({ file, now = Date.now }: Options): Promise<RepairReport> {
  if (!existsSync(file)) return { file, keptAs: null, saved: [], lost: [] };
  const copy = `${file}.repair-copy`;
  const made = `${file}.repaired`;
  removeAll(copy, made);
  copyWithLog(file, copy);
  try {
    return repairCopy({ file, copy, made, keptAs: `${file}.damaged-${timeOf(now())}` });
  } finally {
    removeAll(copy, made);
  }
}

interface Paths {
  readonly file: string;
  readonly copy: string;
  readonly made: string;
  readonly keptAs: string;
}

function repairCopy({ file, copy, made, keptAs }: Paths): RepairReport {
  const isMended = mendHeader(copy);
  const from = openDamaged({ copy, isMended });
  if (!from) {
    keep(file, keptAs);
    removeAll(file);
    syncFolder(dirname(file));
    const lost = [`${file} cannot be opened as a database: nothing could be read, and a start begins a new one.`];
    return { file, keptAs, saved: [], lost };
  }
  let found: Salvage;
  const to = openDatabase({ file: made, readOnly: false });
  try {
    found = salvage(from, to);
    to.exec('PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE;');
  } finally {
    from.close();
    to.close();
  }
  if (found.isWhole && !isMended) return { file, keptAs: null, saved: [], lost: [] };
  swap({ file, copy, made, keptAs });
  return { file, keptAs, saved: found.saved, lost: found.lost };
}

/** Null where SQLite cannot read even its list of tables. A newer version is refused: the file is not to blame. */
function openDamaged(damaged: { copy: string; isMended: boolean }): DatabaseSync | null {
  try {
    return openForRepair(damaged);
  } catch (error) {
    if (!isDamage((error as Error).cause)) throw error;
    return null;
  }
}

/** The order matters: the old file is kept and synced, then its log goes, then the new file takes its place. */
function swap({ file, made, keptAs }: Paths): void {
  syncFile(made);
  keep(file, keptAs);
  takeInLog(file);
  for (const end of LOGS) rmSync(file + end, { force: true });
  renameSync(made, file);
  syncFolder(dirname(file));
}

/** So that the old file is as whole without its log as with it, should the power go before the rename. */
function takeInLog(file: string): void {
  try {
    const db = new DatabaseSync(file);
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    db.close();
  } catch {
    // Damaged beyond that: all of it is kept beside.
  }
}

const LOGS = ['-wal', '-shm'];

function keep(file: string, keptAs: string): void {
  try {
    copyWithLog(file, keptAs);
  } catch (error) {
    removeAll(keptAs);
    throw error;
  }
  for (const end of ['', '-wal']) if (existsSync(keptAs + end)) syncFile(keptAs + end);
  syncFolder(dirname(keptAs));
}

/** Its log is a part of it; what SQLite keeps in the -shm is made anew. */
function copyWithLog(from: string, to: string): void {
  copyFileSync(from, to);
  if (existsSync(`${from}-wal`)) copyFileSync(`${from}-wal`, `${to}-wal`);
}

function removeAll(...files: string[]): void {
  for (const file of files) for (const end of ['', '-journal', ...LOGS]) rmSync(file + end, { force: true });
}

/** As a part of a name: `20261130T231500Z`. */
function timeOf(ms: number): string {
  return new Date(ms).toISOString().replace(/[-:]|\.\d+/g, '');
}

/** The data folder as a whole: what is damaged, lost or in the way is found before anything is opened, and told until a person has dealt with it. */

import { readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { DataFaults } from '../../ingest/data-faults.ts';
import { hasLog, isDamage } from '../../ingest/store/database-look.ts';
import { repairCommand } from '../../link/repair-command.ts';
import type { DataFault } from '../../model/data-fault.ts';
import type { Log } from '../../model/log.ts';
import { shellWord } from '../../model/shell-word.ts';
import { StartError } from '../start-error.ts';
import {
  changeInventory,
  type Entry,
  INVENTORY,
  type Inventory,
  isInventory,
  readInventory,
  withEntry,
} from './inventory.ts';
import { asideOf, obstacleAt, obstacleInDatabase, setAside } from './set-aside.ts';
import { type Database, enlisted, inventoryFor, isDatabase, lossOf } from './stock.ts';

export interface DataFolderOptions {
  readonly dir: string;
  /** Those that this server keeps. People have a keeper of their own (`kept-people.ts`). */
  readonly databases: readonly Database[];
}

export interface DataFolderDependencies {
  readonly dataFaults: DataFaults;
  readonly log: Log;
  /** Epoch ms. */
  readonly now: () => number;
}

export interface DataFolder {
  /** Opens what the server can do without: where it proves to be damaged, it is set aside and opened anew. */
  openSecondary<T>(file: Database, open: () => T | Promise<T>): Promise<T>;
  /** A database in use proves to be damaged, and its owner has closed it. */
  setAside(file: string, reason: string): void;
  /** A database in use proves to be damaged, and goes on in memory: the next start sets it aside. */
  noteDamage(file: string, reason: string): void;
  /** Writes down what belongs here, now that all of it is open. */
  enlist(): void;
  stop(): void;
}

/** The server can do without what is in them. */
const SECONDARY_DATABASES: readonly Database[] = ['broker.db', 'notify.db'];
const TEXT_FILES = ['rejects.jsonl', 'rejects.jsonl.1', 'run.json', 'run.token', 'sim.json'];
/** Of these a half is nothing. */
const JSON_FILES: readonly string[] = ['sim.json', INVENTORY];
/** What a process left behind that was killed while it wrote. */
const TEMPORARY = ['run.json.new', 'run.token.new', `${INVENTORY}.new`, 'mqtt-session.json.new', 'sim.json.tmp'];
export const SECONDARY_FILES: readonly string[] = [...SECONDARY_DATABASES, 'lock.db', INVENTORY, ...TEXT_FILES];
const LOOK_MS = 2_000;

export function openDataFolder(options: DataFolderOptions, dependencies: DataFolderDependencies): DataFolder {
  const { dir, databases } = options;
  const { dataFaults, log, now } = dependencies;
  const ours = new Set<string>();
  /** Only of files that were all opened is written down how far they have come: a look would move their logs into them. */
  let isEnlisted = false;

  function note(fault: DataFault): void {
    log.error({ file: join(dir, fault.file) }, fault.detail);
    dataFaults.note(fault);
    ours.add(fault.file);
  }

  /** On a full disk it is written another time. */
  function record(change: (inventory: Inventory) => Inventory): void {
    try {
      changeInventory(dir, change);
    } catch (error) {
      if (error instanceof StartError) throw error;
      log.warn({ err: error }, `${INVENTORY} cannot be written`);
    }
  }

  function putAside(file: string, reason: string): void {
    setAside(dir, file, now());
    if (isDatabase(file)) record((inventory) => withEntry(inventory, file, null));
    noteAside(file, reason);
  }

  function noteAside(file: string, reason = 'it could not be used'): void {
    const name = asideOf(dir, file).at(-1);
    if (name === undefined) return;
    const remedy = `Move that file away once you have seen to it, or: ${acceptCommand(dir, file)}`;
    note({ file, kind: 'set-aside', at: now(), detail: `${file} lies as ${name}: ${reason}. ${remedy}` });
  }

  function clearTheWay(files: readonly string[]): void {
    for (const file of files) {
      const obstacle = obstacleIn(dir, file);
      if (obstacle !== null) putAside(file, obstacle);
    }
  }

  /** The server cannot do without: it stays as it is. */
  function expectReachable(file: Database): void {
    for (const path of [join(dir, file), join(dir, `${file}-wal`)]) {
      const obstacle = obstacleAt(path);
      if (obstacle === null) continue;
      const remedy = obstacle.includes('may not')
        ? 'give it to the account that the server runs as (chown)'
        : remedyFor(dir, file);
      throw new StartError(`${path} cannot be used: ${obstacle}; ${remedy}`);
    }
  }

  /** Of one file; the inventory has it as lost until a person accepts that, or puts a copy back. */
  function take(file: Database, inventory: Inventory): void {
    const entry = inventory.files[file];
    const found = lossOf(dir, file, { inventory, nowMs: now() });
    // A log without its file, which SQLite would delete.
    if (found?.id === 0 && hasLog(join(dir, file))) setAside(dir, file, now());
    const kept = found ?? (entry ? { ...entry, lost: null } : null);
    record((latest) => withEntry(latest, file, kept));
    if (found) noteLoss(file, found);
  }

  function noteLoss(file: Database, { lost }: Entry): void {
    if (!lost) return;
    const remedy = `Put a copy back while the server is stopped, or: ${acceptCommand(dir, file)}`;
    note({ file, kind: 'lost', at: lost.at, detail: `${lost.detail}. ${remedy}` });
  }

  /** A person has accepted, moved away, or put back. */
  function look(): void {
    if (ours.size === 0) return;
    const inventory = readInventory(dir);
    // One that cannot be read says of nothing that it is dealt with.
    if (!inventory) return;
    for (const file of ours) {
      const isAside = SECONDARY_FILES.includes(file) && asideOf(dir, file).length > 0;
      if (isAside || inventory.files[file]?.lost) continue;
      ours.delete(file);
      // What its owner has found damaged in it is another matter.
      dataFaults.clear(file, ['lost', 'set-aside']);
      log.info({ file: join(dir, file) }, 'a person has dealt with what was wrong with this file');
    }
  }

  function enlistAll(options: { readonly isInUse: boolean }): void {
    for (const file of databases) record((inventory) => enlisted(dir, file, { ...options, inventory }));
  }

  for (const name of TEMPORARY) rmSync(join(dir, name), { force: true, recursive: true });
  // Before anything writes there.
  clearTheWay([INVENTORY]);
  const atStart = inventoryFor(dir, [...databases, 'people.db']);
  record(() => atStart);
  clearTheWay([...TEXT_FILES, ...databases.filter(isSecondary)]);
  for (const file of SECONDARY_FILES) if (!ours.has(file)) noteAside(file);
  const inventory = readInventory(dir) ?? atStart;
  for (const file of databases) {
    expectReachable(file);
    take(file, inventory);
  }
  const looking = setInterval(look, LOOK_MS);
  looking.unref();

  return {
    async openSecondary(file, open) {
      try {
        return await open();
      } catch (error) {
        if (!isDamage(error)) throw error;
        putAside(file, (error as Error).message);
        return await open();
      }
    },
    setAside: putAside,
    noteDamage(file, reason) {
      const detail = `${file} is damaged: ${reason}. What is in memory goes on; start the server again, which sets the file aside`;
      log.error({ file: join(dir, file) }, detail);
      dataFaults.note({ file, kind: 'damaged', detail, at: now() });
    },
    enlist() {
      isEnlisted = true;
      enlistAll({ isInUse: true });
    },
    stop() {
      clearInterval(looking);
      // Its owner has closed it.
      if (isEnlisted) enlistAll({ isInUse: false });
    },
  };
}

const isSecondary = (file: Database): boolean => SECONDARY_DATABASES.includes(file);

/** What a person types to say that a loss is known. */
export function acceptCommand(dir: string, file: string): string {
  return `npm start -- accept-loss ${file} --data-dir ${shellWord(dir)}`;
}

/** What helps where one that the server cannot do without cannot be opened. */
export function remedyFor(dir: string, file: string): string {
  // What waits for InfluxDB is of the last hours, and nobody else can read it.
  if (file === 'outbox.db') return 'put a copy back, or move it away: the readings that waited in it are lost then';
  return `put a copy back, or save what can be read of it: ${repairCommand(join(dir, file))}`;
}

/** Why a file of ours cannot be used, in words; null where it can. */
function obstacleIn(dir: string, file: string): string | null {
  const path = join(dir, file);
  if (isDatabase(file)) return obstacleInDatabase(path);
  return obstacleAt(path) ?? (JSON_FILES.includes(file) ? faultOfJson(path) : null);
}

function faultOfJson(path: string): string | null {
  try {
    const content: unknown = JSON.parse(readFileSync(path, 'utf8'));
    const isWhole = basename(path) !== INVENTORY || isInventory(content);
    return isWhole ? null : 'it is damaged (not what it should say)';
  } catch (error) {
    return error instanceof SyntaxError ? `it is damaged (${error.message})` : null;
  }
}

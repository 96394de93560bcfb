/**
 * The people of the data folder. Where they are lost nobody is let in by merely sitting at the server: access is closed until
 * a person says otherwise by a command, or puts a copy back (contract 3.7, ADR 0024).
 */
import { join } from 'node:path';
import type { DataFaults } from '../../ingest/data-faults.ts';
import { type OpenPeople, openPeople, type People } from '../../ingest/people/people.ts';
import { hasLog, isDamage, lookAt } from '../../ingest/store/database-look.ts';
import type { DataFault } from '../../model/data-fault.ts';
import type { Log } from '../../model/log.ts';
import { StartError } from '../start-error.ts';
import { acceptCommand } from './data-folder.ts';
import { changeInventory } from './inventory.ts';
import { obstacleInDatabase } from './set-aside.ts';
import { enlisted, holdsOf, inventoryFor, stockOf } from './stock.ts';

const FILE = 'people.db';
const LOOK_MS = 2_000;

/** Why nobody is let in. */
export interface Closure {
  readonly kind: DataFault['kind'];
  /** Ends with what is to be done. */
  readonly detail: string;
  /** Those in the file are still told of alarms. */
  readonly isReadable: boolean;
}

/** Null: they are as they should be. */
export function closureOf(dir: string): Closure | null {
  const path = join(dir, FILE);
  const remedy = `Nobody is let in. Put a copy back, or: ${acceptCommand(dir, FILE)}`;
  const obstacle = obstacleInDatabase(path);
  if (obstacle !== null) return damaged(dir, obstacle);
  const inventory = inventoryFor(dir, [FILE]);
  const { kind, detail } = stockOf(dir, FILE, inventory);
  if (kind === 'foreign') return damaged(dir, 'it is no database');
  const hadNobody = inventory.files[FILE]?.mark === 0 && !hasLog(path);
  if (kind === 'shortened' || (kind === 'lost' && !hadNobody))
    return { kind: 'lost', detail: `${detail}. ${remedy}`, isReadable: kind === 'shortened' };
  return null;
}

function damaged(dir: string, reason: string): Closure {
  const rights = /may not/.test(reason) ? 'Give it to the account that the server runs as' : 'Put a copy back';
  const detail = `${FILE} cannot be used, ${reason}: ${holdsOf(FILE)} are not known. Nobody is let in. ${rights}, or: ${acceptCommand(dir, FILE)}`;
  return { kind: 'damaged', detail, isReadable: false };
}

/** Writes down how far they have come. On a full disk it is done another time. */
export function enlistPeople(dir: string, isInUse = true): void {
  try {
    changeInventory(dir, (inventory) => enlisted(dir, FILE, { inventory, isInUse }));
  } catch (error) {
    if (error instanceof StartError) throw error;
  }
}

/** Whether there is anything to ask, or to complain of: a look must not make a file. */
export function arePeopleThere(dir: string): boolean {
  return lookAt(join(dir, FILE)).kind !== 'missing' || closureOf(dir) !== null;
}

/** For a command of a person at the machine. Throws StartError, in a sentence, where they are not as they should be. */
export function openPeopleFor(dir: string): People {
  const closure = closureOf(dir);
  if (closure) throw new StartError(`${join(dir, FILE)}: ${closure.detail}`);
  try {
    return openPeople(join(dir, FILE), Date.now);
  } catch (error) {
    throw new StartError(`${join(dir, FILE)} cannot be used: ${(error as Error).message}`);
  }
}

export interface KeptPeople extends People {
  isClosed(): boolean;
}

export interface KeptPeopleDependencies {
  readonly dataFaults: DataFaults;
  readonly log: Log;
  /** Epoch ms. */
  readonly now: () => number;
}

/** Throws where the file is of a newer version. */
export function keepPeople(dir: string, { dataFaults, log, now }: KeptPeopleDependencies): KeptPeople {
  let people: OpenPeople | null = null;
  let closure: Closure | null = null;

  function close(found: Closure): void {
    closure = found;
    if (!found.isReadable) {
      people?.abandon();
      people = null;
    }
    log.error({ file: join(dir, FILE) }, found.detail);
    dataFaults.note({ file: FILE, kind: found.kind, detail: found.detail, at: now() });
  }

  function open(): void {
    const found = closureOf(dir);
    try {
      if (!found || found.isReadable) people = openWhole();
    } catch (error) {
      if (!isDamage(error)) throw error;
      close(damaged(dir, (error as Error).message));
      return;
    }
    if (found) close(found);
    else enlistPeople(dir);
  }

  function openWhole(): OpenPeople {
    const opened = openPeople(join(dir, FILE), now, { syncs: 'behind' });
    try {
      opened.list();
      return opened;
    } catch (error) {
      opened.abandon();
      throw error;
    }
  }

  function look(): void {
    if (!closure) return;
    try {
      if (closureOf(dir)) return;
      people?.abandon();
      people = null;
      people = openWhole();
      enlistPeople(dir);
    } catch {
      // Not yet: whoever puts a copy back may be in the middle of it.
      return;
    }
    closure = null;
    dataFaults.clear(FILE);
    log.info({ file: join(dir, FILE) }, 'people are let in again');
  }

  /** A file that proves to be damaged only now lets nobody in from then on. */
  function ask<T>(question: (people: People) => T, otherwise: T): T {
    if (!people) return otherwise;
    try {
      return question(people);
    } catch (error) {
      if (!isDamage(error)) throw error;
      close(damaged(dir, (error as Error).message));
      return otherwise;
    }
  }

  open();
  const looking = setInterval(look, LOOK_MS);
  looking.unref();

  return {
    isClosed: () => closure !== null,
    list: () => ask((known) => known.list(), []),
    get: (name) => ask((known) => known.get(name), undefined),
    canAnybodySignIn: () => (closure ? true : ask((known) => known.canAnybodySignIn(), true)),
    async put(person, password) {
      await people?.put(person, password);
    },
    remove: (name) => ask((known) => known.remove(name), false),
    async signIn(...credentials) {
      if (closure) return { kind: 'refused' };
      try {
        return (await people?.signIn(...credentials)) ?? { kind: 'refused' };
      } catch (error) {
        // Found only now: whoever asks is told no, and why stands in health.
        return ask(
          () => {
            throw error;
          },
          { kind: 'refused' },
        );
      }
    },
    ofSession: (token) => (closure ? undefined : ask((known) => known.ofSession(token), undefined)),
    signOut: (token) => ask((known) => known.signOut(token), undefined),
    async close() {
      clearInterval(looking);
      await people?.close();
      if (!closure) enlistPeople(dir, false);
    },
  };
}

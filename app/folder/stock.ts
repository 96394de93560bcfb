/** Compares a database file with what the inventory says of it (ADR 0024). Nothing is changed by looking. */
import { join } from 'node:path';
import { askNumber, hasLog, lookAt, putId } from '../../ingest/store/database-look.ts';
import { type Entry, type Inventory, NEW_INVENTORY, readInventory, withEntry } from './inventory.ts';

/** What each holds, in words for the one who has lost it, and how many changes it has seen, by its own count. */
const DATABASES = {
  'people.db': { holds: 'people, their passwords and roles', mark: 'SELECT changes FROM tally' },
  'readings.db': { holds: 'the readings', mark: `SELECT seq FROM sqlite_sequence WHERE name = 'journal'` },
  'alarms.db': { holds: 'alarms, acknowledgements, shelves and works', mark: 'SELECT max(seq) FROM event' },
  'outbox.db': {
    holds: 'readings that waited for InfluxDB',
    mark: `SELECT seq FROM sqlite_sequence WHERE name = 'entry'`,
  },
  'notify.db': { holds: 'what was told to whom', mark: null },
  'broker.db': { holds: 'MQTT sessions and retained messages', mark: null },
} as const satisfies Record<string, { readonly holds: string; readonly mark: string | null }>;

export type Database = keyof typeof DATABASES;

export const isDatabase = (name: string): name is Database => Object.hasOwn(DATABASES, name);
export const holdsOf = (file: Database): string => DATABASES[file].holds;

/**
 * `new`: it was never there. `known`: as it should be, or put there by a person. `foreign`: no database, or not to be read;
 * its owner says so. `lost`: it was there and is gone or empty. `shortened`: it lacks its last commits.
 */
export interface Stock {
  readonly kind: 'new' | 'known' | 'foreign' | 'lost' | 'shortened';
  /** The number in the file; 0 where it has none. */
  readonly id: number;
  /** Of a loss: what is missing. */
  readonly detail: string;
}

export function stockOf(dir: string, file: Database, inventory: Inventory): Stock {
  const path = join(dir, file);
  const look = lookAt(path);
  const entry = inventory.files[file];
  const whole = { id: look.kind === 'there' ? look.id : 0, detail: '' };
  if (look.kind === 'foreign') return { ...whole, kind: 'foreign' };
  if (look.kind !== 'there') {
    if (!entry && !hasLog(path)) return { ...whole, kind: 'new' };
    const how = look.kind === 'missing' ? 'was deleted' : 'is empty';
    return { ...whole, kind: 'lost', detail: `${file} ${how}: ${holdsOf(file)} are lost` };
  }
  // Another number, or none, and something in it: a person has put it there.
  if (!entry || entry.id !== look.id) return { ...whole, kind: 'known' };
  const mark = markOf(dir, file);
  if (mark === null || mark >= entry.mark) return { ...whole, kind: 'known' };
  const detail = `${file} has lost its last changes, it holds ${mark} of ${entry.mark}: ${holdsOf(file)} are not what they were`;
  return { ...whole, kind: 'shortened', detail };
}

/**
 * What the inventory is to say of a file that lacks something, and has not been put back since; null of one that is whole.
 * Its number is of the file in its place, 0 before there is one: so a copy that is put back is told from that.
 */
export function lossOf(
  dir: string,
  file: Database,
  { inventory, nowMs }: { readonly inventory: Inventory; readonly nowMs: number },
): (Entry & { readonly lost: object }) | null {
  const stock = stockOf(dir, file, inventory);
  const entry = inventory.files[file];
  const before = entry?.lost ?? null;
  const lost = before ?? { at: nowMs, detail: stock.detail };
  if (stock.kind === 'lost') return { id: 0, mark: 0, lost };
  if (stock.kind === 'shortened')
    return { id: renumbered(join(dir, file), stock.id), mark: markOf(dir, file) ?? 0, lost };
  return entry && before && stock.id === entry.id ? { ...entry, lost: before } : null;
}

function renumbered(path: string, before: number): number {
  const id = newId();
  return putId(path, id) ? id : before;
}

/** The inventory with a file, its number, and how far it has come. */
export function enlisted(
  dir: string,
  file: Database,
  { inventory, isInUse }: { readonly inventory: Inventory; readonly isInUse: boolean },
): Inventory {
  const path = join(dir, file);
  const look = lookAt(path);
  if (look.kind !== 'there') return inventory;
  const id = look.id === 0 ? newId() : look.id;
  if (look.id === 0 && !putId(path, id)) return inventory;
  const mark = markOf(dir, file, isInUse) ?? 0;
  return withEntry(inventory, file, { id, mark, lost: inventory.files[file]?.lost ?? null });
}

function newId(): number {
  return 1 + Math.floor(Math.random() * (2 ** 31 - 2));
}

/** Null where it cannot say. */
export function markOf(dir: string, file: Database, isInUse = true): number | null {
  const sql = DATABASES[file].mark;
  return sql === null ? null : askNumber(join(dir, file), sql, isInUse);
}

/** Where the inventory is lost and another file bears a number from it, what is not there is taken for lost. */
export function inventoryFor(dir: string, files: readonly Database[]): Inventory {
  const known = readInventory(dir);
  if (known) return known;
  const kindOf = (file: string) => lookAt(join(dir, file));
  const isOld = Object.keys(DATABASES)
    .map(kindOf)
    .some((look) => look.kind === 'there' && look.id !== 0);
  const missing = isOld ? files.filter((file) => kindOf(file).kind !== 'there') : [];
  const wasThere: Entry = { id: 0, mark: 1, lost: null };
  return { ...NEW_INVENTORY, files: Object.fromEntries(missing.map((file) => [file, wasThere])) };
}

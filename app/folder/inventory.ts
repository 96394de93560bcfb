/**
 * `folder.json`: what belongs into the data folder. By it a file that was deleted or emptied is told from one that was never
 * there, and one that has lost its last commits from one that never had them (ADR 0024).
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { writeWhole } from '../../link/whole-file.ts';
import { StartError } from '../start-error.ts';

export const INVENTORY = 'folder.json';
const VERSION = 1;

const entrySchema = z.object({
  /** The number that stands in the file, too. */
  id: z.number(),
  /** How many changes it held when we last looked, by its own count; 0 where it keeps none. */
  mark: z.number(),
  /** Since when and what is missing of it, until a person has accepted that; the number is of the file in its place. */
  lost: z.object({ at: z.number(), detail: z.string() }).nullable(),
});

const schema = z.object({
  version: z.number(),
  /** Other accounts were shut out once: what a person opens to them afterwards stays open. */
  isTightened: z.boolean(),
  files: z.record(z.string(), entrySchema),
});

export type Entry = z.output<typeof entrySchema>;
export type Inventory = z.output<typeof schema>;

export const NEW_INVENTORY: Inventory = { version: VERSION, isTightened: false, files: {} };

/** Null where there is none that can be read. Throws StartError where it is of a newer version. */
export function readInventory(dir: string): Inventory | null {
  const path = join(dir, INVENTORY);
  let raw: unknown;
  try {
    raw = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
  const version = z.object({ version: z.number() }).safeParse(raw).data?.version ?? VERSION;
  if (version > VERSION)
    throw new StartError(`${path} has version ${version}; this program knows ${VERSION}: start the newer program`);
  return schema.safeParse(raw).data ?? null;
}

/** Of another version it is somebody else's to judge. */
export function isInventory(content: unknown): boolean {
  const version = z.object({ version: z.number() }).safeParse(content).data?.version ?? VERSION;
  return version > VERSION || schema.safeParse(content).success;
}

/** Reads, changes and writes it at once: the command line and the server both do. */
export function changeInventory(dir: string, change: (inventory: Inventory) => Inventory): void {
  const before = readInventory(dir);
  const after = change(before ?? NEW_INVENTORY);
  if (JSON.stringify(before) !== JSON.stringify(after))
    writeWhole(join(dir, INVENTORY), `${JSON.stringify(after, null, 2)}\n`, 0o600);
}

export function withEntry(inventory: Inventory, file: string, entry: Entry | null): Inventory {
  if (entry) return { ...inventory, files: { ...inventory.files, [file]: entry } };
  const { [file]: _, ...others } = inventory.files;
  return { ...inventory, files: others };
}

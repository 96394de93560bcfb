/** Who may read the data folder: people, alarms and messages are in it. And whose its files are. */
import { accessSync, chmodSync, constants, lchownSync, lstatSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from '../start-error.ts';
import { changeInventory, readInventory } from './inventory.ts';

const EVERYBODY = 0o777;
/** The group, and all others. */
const OTHERS = 0o077;

/** Windows has rights of another kind, which a folder inherits. */
const uidOfProcess = (): number | null => process.geteuid?.() ?? null;

/** What is made in the folder may be read by whom the folder may; by nobody else where it is open to all. */
export function keepFilesPrivate(dir: string): void {
  if (uidOfProcess() === null) return;
  const forGroup = statSync(dir).mode & 0o007 ? 0 : statSync(dir).mode & 0o070;
  process.umask(OTHERS & ~forGroup);
}

/**
 * Shuts other accounts out of a folder that an older version made, once: what a person opens to them afterwards stays open.
 * Returns what was done, or is to be done, in a sentence.
 */
export function shutOutOthers(dir: string): string | null {
  const uid = uidOfProcess();
  const { uid: owner, mode } = statSync(dir);
  if (uid === null) return null;
  if (uid === 0 && owner !== 0)
    return `data folder ${dir} belongs to another account (${owner}), and this runs as root: run it as that account`;
  if ((mode & OTHERS) === 0 || readInventory(dir)?.isTightened) return null;
  if (uid !== owner)
    return `data folder ${dir} may be read by other accounts, and belongs to another one (${owner}): chmod 700 it`;
  chmodSync(dir, mode & EVERYBODY & ~OTHERS);
  for (const file of filesOf(dir)) if (lstatSync(file).uid === uid) chmodSync(file, statSync(file).mode & 0o700);
  changeInventory(dir, (inventory) => ({ ...inventory, isTightened: true }));
  return `data folder ${dir} could be read by other accounts of this machine; now its own account alone may`;
}

/** What root has made in somebody else's folder is given to its owner, who could not go on with it otherwise. */
export function giveToOwner(dir: string): void {
  const { uid, gid } = statSync(dir);
  if (uidOfProcess() !== 0 || uid === 0) return;
  for (const file of filesOf(dir)) if (lstatSync(file).uid === 0) lchownSync(file, uid, gid);
}

/** Works on the folder as the account that it belongs to. Throws StartError where this account may not. */
export async function asOwnerOf<T>(dir: string, work: () => Promise<T>): Promise<T> {
  const uid = uidOfProcess();
  const { uid: owner, gid: group } = statSync(dir);
  if (uid === 0 && owner !== 0) return await asAccount({ dir, owner, group }, work);
  try {
    accessSync(dir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch {
    throw new StartError(`data folder ${dir} belongs to another account (${owner}): run this as that account`);
  }
  return await work();
}

interface Account {
  readonly dir: string;
  readonly owner: number;
  readonly group: number;
}

async function asAccount<T>({ dir, owner, group }: Account, work: () => Promise<T>): Promise<T> {
  const own = process.getegid?.() ?? 0;
  process.setegid?.(group);
  process.seteuid?.(owner);
  try {
    if (!isReachable(dir)) throw new StartError(`data folder ${dir}: its own account (${owner}) cannot reach it`);
    return await work();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(own);
  }
}

function isReachable(dir: string): boolean {
  try {
    readdirSync(dir);
    return true;
  } catch {
    return false;
  }
}

function filesOf(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => (entry.isFile() ? [join(dir, entry.name)] : []));
}

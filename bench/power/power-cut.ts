/** Plays a power cut on the files of a process that is dead: each change that no sync covers is kept, undone, torn or garbled. */
import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type EntryChange, type FileChange, type FileWrite, unsyncedOf } from './undo-log.ts';

/** What became of the changes. */
export interface CutCounts {
  kept: number;
  undone: number;
  torn: number;
  garbled: number;
  entriesKept: number;
  entriesUndone: number;
}

export interface CutFolders {
  /** Of the data. */
  readonly data: string;
  /** Of the log, and of what was unlinked. */
  readonly undo: string;
}

/** A disk writes whole ones. */
const SECTOR_BYTES = 512;

/** `random`: in `[0, 1)`. */
export function playPowerCut({ data, undo }: CutFolders, random: () => number): CutCounts {
  const counts: CutCounts = { kept: 0, undone: 0, torn: 0, garbled: 0, entriesKept: 0, entriesUndone: 0 };
  // A process may be killed before it did anything.
  const log = existsSync(join(undo, 'log')) ? readFileSync(join(undo, 'log')) : Buffer.alloc(0);
  const { files, entries } = unsyncedOf(log, statSync(data, { bigint: true }).ino);
  const paths = new Map([...pathsIn(undo), ...pathsIn(data)]);
  for (const [inode, changes] of files) {
    const path = paths.get(inode);
    // Gone with the process, such as a file that was never linked.
    if (path === undefined || changes.length === 0) continue;
    writeFileSync(path, afterCut(readFileSync(path), changes, { random, counts }));
  }
  undoEntries(entries, { undo, random, counts });
  forgetShared(data, random);
  return counts;
}

function pathsIn(folder: string): [bigint, string][] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => [statSync(join(folder, name), { bigint: true }).ino, join(folder, name)]);
}

/** As it was at its last sync, and of what came later what the disk happens to have. */
export function afterCut(
  now: Buffer,
  changes: readonly FileChange[],
  { random, counts }: { random: () => number; counts: CutCounts },
): Buffer {
  let content = changes.reduceRight(before, Buffer.from(now));
  for (const change of inSomeOrder(changes, random)) content = someOf(content, change, { random, counts });
  return content;
}

function before(content: Buffer, change: FileChange): Buffer {
  const sized = resized(content, change.sizeBefore);
  change.before.copy(sized, change.kind === 'write' ? change.offset : change.sizeAfter);
  return sized;
}

function someOf(
  content: Buffer,
  change: FileChange,
  { random, counts }: { random: () => number; counts: CutCounts },
): Buffer {
  const lot = random();
  if (lot < 0.4) {
    counts.undone++;
    return content;
  }
  if (change.kind === 'truncate') {
    counts.kept++;
    return resized(content, change.sizeAfter);
  }
  if (lot < 0.7) {
    counts.kept++;
    return written(content, change.offset, change.after);
  }
  if (lot < 0.85) {
    counts.torn++;
    return torn(content, change, random);
  }
  counts.garbled++;
  return written(content, change.offset, randomBytes(change.after.length));
}

/** Of its sectors some. */
function torn(content: Buffer, { offset, after }: FileWrite, random: () => number): Buffer {
  let result = content;
  for (let at = 0; at < after.length; ) {
    const end = Math.min(after.length, at + SECTOR_BYTES - ((offset + at) % SECTOR_BYTES));
    if (random() < 0.5) result = written(result, offset + at, after.subarray(at, end));
    at = end;
  }
  return result;
}

function written(content: Buffer, offset: number, bytes: Buffer): Buffer {
  const result = resized(content, Math.max(content.length, offset + bytes.length));
  bytes.copy(result, offset);
  return result;
}

function resized(content: Buffer, size: number): Buffer {
  if (size === content.length) return content;
  const result = Buffer.alloc(size);
  content.copy(result);
  return result;
}

/** Half of the time as it was asked for. */
function inSomeOrder<T>(items: readonly T[], random: () => number): readonly T[] {
  if (random() < 0.5) return items;
  return items
    .map((item) => ({ item, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

/** A file system keeps the order of its entries: up to some point they are there, and what came later is not. */
function undoEntries(
  entries: readonly EntryChange[],
  { undo, random, counts }: { undo: string; random: () => number; counts: CutCounts },
): void {
  const kept = Math.floor(random() * (entries.length + 1));
  counts.entriesKept += kept;
  counts.entriesUndone += entries.length - kept;
  for (const entry of entries.slice(kept).reverse()) {
    if (entry.kind === 'rename') {
      if (existsSync(entry.to)) renameSync(entry.to, entry.from);
      if (entry.replaced !== null) putBack(join(undo, String(entry.replaced)), entry.to);
    } else if (entry.kind === 'create') rmSync(entry.path, { force: true });
    else putBack(join(undo, String(entry.inode)), entry.path);
  }
}

function putBack(kept: string, path: string): void {
  rmSync(path, { force: true });
  linkSync(kept, path);
}

/** What SQLite shares among processes was never on the disk: it is gone, or there as anything. */
function forgetShared(data: string, random: () => number): void {
  for (const name of readdirSync(data).filter((each) => each.endsWith('-shm'))) {
    const lot = random();
    if (lot < 0.4) rmSync(join(data, name));
    else if (lot < 0.7) writeFileSync(join(data, name), randomBytes(32_768));
  }
}

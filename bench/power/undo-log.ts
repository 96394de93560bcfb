/** What a process did to its files, as `bench/preload/powercut.c` wrote it down, and what of it no sync covers. */

export interface FileWrite {
  readonly kind: 'write';
  readonly inode: bigint;
  readonly offset: number;
  readonly sizeBefore: number;
  readonly before: Buffer;
  readonly after: Buffer;
}

interface FileTruncate {
  readonly kind: 'truncate';
  readonly inode: bigint;
  readonly sizeAfter: number;
  readonly sizeBefore: number;
  /** What was cut off. */
  readonly before: Buffer;
}

export type FileChange = FileWrite | FileTruncate;

export type EntryChange =
  | { readonly kind: 'create' | 'unlink'; readonly inode: bigint; readonly path: string }
  | {
      readonly kind: 'rename';
      readonly inode: bigint;
      readonly from: string;
      readonly to: string;
      /** Of the file that was there before; null where there was none. */
      readonly replaced: bigint | null;
    };

/** What a power cut may undo. */
export interface Unsynced {
  /** By inode, in the order of happening. */
  readonly files: ReadonlyMap<bigint, readonly FileChange[]>;
  /** In the order of happening. */
  readonly entries: readonly EntryChange[];
}

interface Head {
  readonly kind: number;
  readonly number: number;
  readonly inode: bigint;
  readonly offset: number;
  readonly size: number;
  readonly other: bigint;
}

const HEAD_BYTES = 80;
const [WRITE, TRUNCATE, SYNC, CREATE, RENAME] = [1, 2, 3, 4, 6];

/** `folderInode`: of the folder that all of it is in. A record that breaks off at the end was of a call that was never made. */
export function unsyncedOf(log: Buffer, folderInode: bigint): Unsynced {
  const files = new Map<bigint, { readonly number: number; readonly change: FileChange }[]>();
  let entries: { readonly number: number; readonly change: EntryChange }[] = [];
  for (const { head, first, second } of records(log)) {
    const { kind, number, inode, offset } = head;
    if (kind === SYNC) {
      // A folder's sync keeps its entries, a file's its content; what began after the sync did is not covered.
      if (inode === folderInode) entries = entries.filter((entry) => entry.number >= offset);
      files.set(
        inode,
        (files.get(inode) ?? []).filter((entry) => entry.number >= offset),
      );
    } else if (kind === WRITE || kind === TRUNCATE) {
      files.set(inode, [...(files.get(inode) ?? []), { number, change: fileChange(head, first, second) }]);
    } else {
      entries.push({ number, change: entryChange(head, first.toString(), second.toString()) });
    }
  }
  return {
    files: new Map([...files].map(([inode, changes]) => [inode, changes.map(({ change }) => change)])),
    entries: entries.map(({ change }) => change),
  };
}

function* records(log: Buffer): Iterable<{ head: Head; first: Buffer; second: Buffer }> {
  for (let at = 0; at + HEAD_BYTES <= log.length; ) {
    const word = (i: number): bigint => log.readBigUInt64LE(at + 8 * i);
    const [kind = 0, number = 0, offset = 0, size = 0, firstBytes = 0, secondBytes = 0] = [0, 1, 3, 4, 6, 7].map((i) =>
      Number(word(i)),
    );
    const head: Head = { kind, number, inode: word(2), offset, size, other: word(5) };
    const begin = at + HEAD_BYTES;
    const end = begin + firstBytes + secondBytes;
    if (end > log.length) return;
    if (kind < WRITE || kind > RENAME) throw new Error(`no such record: kind ${kind} at byte ${at} of the log`);
    yield { head, first: log.subarray(begin, begin + firstBytes), second: log.subarray(begin + firstBytes, end) };
    at = end;
  }
}

function fileChange({ kind, inode, offset, size }: Head, before: Buffer, after: Buffer): FileChange {
  if (kind === TRUNCATE) return { kind: 'truncate', inode, sizeAfter: offset, sizeBefore: size, before };
  return { kind: 'write', inode, offset, sizeBefore: size, before, after };
}

function entryChange({ kind, inode, other }: Head, first: string, second: string): EntryChange {
  if (kind === RENAME) return { kind: 'rename', inode, from: first, to: second, replaced: other === 0n ? null : other };
  return { kind: kind === CREATE ? 'create' : 'unlink', inode, path: first };
}

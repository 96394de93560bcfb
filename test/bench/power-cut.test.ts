/** The player of power cuts: what a sync covered stays, what none covered may become anything, and nothing else changes. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { afterCut, type CutCounts } from '../../bench/power/power-cut.ts';
import { type FileChange, unsyncedOf } from '../../bench/power/undo-log.ts';

const FOLDER = 1n;
const counts = (): CutCounts => ({ kept: 0, undone: 0, torn: 0, garbled: 0, entriesKept: 0, entriesUndone: 0 });

function record(words: Partial<Record<number, number>>, first = '', second = ''): Buffer {
  const head = Buffer.alloc(80);
  for (const [at, word] of Object.entries({ ...words, 6: first.length, 7: second.length }))
    head.writeBigUInt64LE(BigInt(word ?? 0), 8 * Number(at));
  return Buffer.concat([head, Buffer.from(first), Buffer.from(second)]);
}
const write = (number: number, offset: number, text: string, old = '') =>
  record({ 0: 1, 1: number, 2: 7, 3: offset, 4: 0 }, old, text);
const sync = (inode: number, number: number, upTo: number) => record({ 0: 3, 1: number, 2: inode, 3: upTo });
const create = (number: number, path: string) => record({ 0: 4, 1: number, 2: 7 }, path);

it('a sync covers what was there when it began, of that file alone', () => {
  const log = Buffer.concat([write(1, 0, 'one'), write(2, 3, 'two'), sync(8, 3, 3), sync(7, 4, 2)]);
  expect(unsyncedOf(log, FOLDER).files.get(7n)).toMatchObject([{ offset: 3, after: Buffer.from('two') }]);
});

it('a sync of a file keeps no entry of its folder; one of the folder does', () => {
  const log = [create(1, '/d/a'), write(2, 0, 'x'), sync(7, 3, 3)];
  expect(unsyncedOf(Buffer.concat(log), FOLDER).entries).toMatchObject([{ kind: 'create', path: '/d/a' }]);
  expect(unsyncedOf(Buffer.concat([...log, sync(1, 4, 4)]), FOLDER).entries).toEqual([]);
});

it('a record that breaks off was of a call that was never made', () => {
  const log = Buffer.concat([write(1, 0, 'one'), write(2, 3, 'two')]);
  expect(unsyncedOf(log.subarray(0, log.length - 1), FOLDER).files.get(7n)).toHaveLength(1);
});

/** A file of 2,000 bytes, and what a process did to it after its sync. */
const history = fc
  .array(
    fc.record({ isCut: fc.boolean(), at: fc.nat(3_000), bytes: fc.uint8Array({ minLength: 1, maxLength: 1_500 }) }),
    {
      maxLength: 8,
    },
  )
  .map((steps) => {
    const synced = Buffer.alloc(2_000, 1);
    const changes: FileChange[] = [];
    let content: Buffer = synced;
    for (const { isCut, at, bytes } of steps) {
      const sizeBefore = content.length;
      const after = Buffer.from(bytes);
      const end = isCut ? content.length : at + after.length;
      const old = Buffer.from(content.subarray(at, Math.max(at, Math.min(end, content.length))));
      const next = Buffer.alloc(isCut ? at : Math.max(content.length, end));
      content.copy(next);
      if (!isCut) after.copy(next, at);
      changes.push(
        isCut
          ? { kind: 'truncate', inode: 7n, sizeAfter: at, sizeBefore, before: old }
          : { kind: 'write', inode: 7n, offset: at, sizeBefore, before: old, after },
      );
      content = next;
    }
    return { synced, changes, content };
  });

it('all of it undone is the file at its last sync', () => {
  fc.assert(
    fc.property(history, ({ synced, changes, content }) => {
      const random = () => 0.1;
      expect(afterCut(content, changes, { random, counts: counts() }).equals(synced)).toBe(true);
    }),
  );
});

it('all of it kept, in order, is the file as it was', () => {
  fc.assert(
    fc.property(history, ({ changes, content }) => {
      const random = () => 0.45;
      expect(afterCut(content, changes, { random, counts: counts() }).equals(content)).toBe(true);
    }),
  );
});

it('no byte changes that nothing was written to', () => {
  fc.assert(
    fc.property(history, fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })), (given, lots) => {
      const random = () => lots.next().value as number;
      const writes = given.changes.filter(({ kind }) => kind === 'write');
      // Without cuts, each byte outside of all writes is that of the sync, or a hole.
      fc.pre(writes.length === given.changes.length);
      const result = afterCut(given.content, given.changes, { random, counts: counts() });
      given.synced.forEach((byte, i) => {
        const isWritten = writes.some((w) => w.kind === 'write' && i >= w.offset && i < w.offset + w.after.length);
        if (!isWritten) expect(result[i]).toBe(byte);
      });
    }),
  );
});

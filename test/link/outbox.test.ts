import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MAX_DEAD_LETTERS } from '../../link/outbox/file.ts';
import { type Outbox, openOutbox } from '../../link/outbox.ts';
import { temporaryFolder } from '../harness/server.ts';

/** Of an entry beside its data. */
const ENTRY_BYTES = 12;
const ALL = { id: 0, maxItems: 1e9, maxBytes: 1e9 };
const newFile = (): string => join(temporaryFolder(), 'outbox.db');

async function open(file = newFile(), maxBytes = 1e6): Promise<Outbox> {
  const outbox = await openOutbox({ file, maxBytes });
  onTestFinished(() => outbox.stop());
  return outbox;
}

const blob = (text: string): Uint8Array => Buffer.from(text);
const texts = (entries: readonly { data: Uint8Array }[]): string[] =>
  entries.map(({ data }) => Buffer.from(data).toString());

describe('the outbox', () => {
  it('gives back what was put in, in order, from either end, and within limits', async () => {
    const outbox = await open();
    const ids = [
      await outbox.append(blob('a'), 3),
      await outbox.append(blob('bb'), 3),
      await outbox.append(blob('c'), 3),
    ];
    expect(texts(await outbox.peekAfter(ALL))).toEqual(['a', 'bb', 'c']);
    expect(texts(await outbox.peekAfter({ ...ALL, id: ids[0] ?? 0 }))).toEqual(['bb', 'c']);
    expect(texts(await outbox.peekAfter({ ...ALL, maxItems: 6 }))).toEqual(['a', 'bb']);
    expect(texts(await outbox.peekAfter({ ...ALL, maxBytes: 2 }))).toEqual(['a']);
    expect(texts(await outbox.peekAfter({ ...ALL, maxItems: 1 }))).toEqual(['a']);
    expect(texts(await outbox.peekBefore({ ...ALL, id: ids[2] ?? 0 }))).toEqual(['bb', 'a']);
  });

  it('refuses what there is no room for, drops nothing, and takes it once there is', async () => {
    const outbox = await open(newFile(), 60);
    const first = await outbox.append(blob('x'.repeat(40)), 1);
    await expect(outbox.append(blob('y'.repeat(20)), 1)).rejects.toMatchObject({ code: 'outbox-full' });
    expect(texts(await outbox.peekAfter(ALL))).toEqual(['x'.repeat(40)]);
    await outbox.remove(first);
    await outbox.append(blob('y'.repeat(20)), 1);
    expect(texts(await outbox.peekAfter(ALL))).toEqual(['y'.repeat(20)]);
  });

  it('drops the oldest to make room where that is wanted, and counts what it dropped, over a restart too', async () => {
    const file = newFile();
    const options = { file, maxBytes: 100, whenFull: 'drop-oldest' } as const;
    const outbox = await openOutbox(options);
    for (const text of ['a', 'b', 'c', 'd']) await outbox.append(blob(text.repeat(20)), 2);
    expect(texts(await outbox.peekAfter(ALL))).toEqual(['b', 'c', 'd'].map((text) => text.repeat(20)));
    expect(outbox.counts()).toMatchObject({ entries: 3, items: 6, bytes: 96, dropped: 2 });
    await outbox.append(blob('e'.repeat(60)), 1);
    expect(texts(await outbox.peekAfter(ALL))).toEqual(['e'.repeat(60)]);
    await expect(outbox.append(blob('f'.repeat(90)), 1)).rejects.toMatchObject({ code: 'outbox-full' });
    await outbox.stop();
    const again = await openOutbox(options);
    onTestFinished(() => again.stop());
    expect(again.counts()).toMatchObject({ entries: 1, items: 1, dropped: 8 });
  });

  it('forgets single entries, and drops those that are too old', async () => {
    const outbox = await open();
    const ids: number[] = [];
    for (const text of ['a', 'b', 'c', 'd', 'e']) ids.push(await outbox.append(blob(text), 3));
    await outbox.removeEach([ids[1] ?? 0, ids[3] ?? 0, 999], [{ reason: 'undatable', text: 'd' }]);
    expect(texts(await outbox.peekAfter(ALL))).toEqual(['a', 'c', 'e']);
    await outbox.drop(ids[2] ?? 0);
    expect(texts(await outbox.peekAfter(ALL))).toEqual(['e']);
    expect(outbox.counts()).toMatchObject({ entries: 1, items: 3, bytes: 1 + ENTRY_BYTES, deadLetters: 1, dropped: 6 });
  });

  it('keeps what was refused with its reason, the newest of very many, and counts all', async () => {
    const file = newFile();
    const outbox = await open(file);
    const id = await outbox.append(blob('a'), 1);
    await outbox.remove(id, [{ reason: 'first', text: 'a' }]);
    const many = Array.from({ length: MAX_DEAD_LETTERS }, (_, i) => ({ reason: 'many', text: String(i) }));
    await outbox.remove(id, many);
    expect(outbox.counts()).toMatchObject({ entries: 0, deadLetters: MAX_DEAD_LETTERS + 1 });
    const kept = await outbox.deadLetters(MAX_DEAD_LETTERS * 2);
    expect([kept.length, kept[0]?.text, kept.at(-1)?.text]).toEqual([
      ...[MAX_DEAD_LETTERS, String(MAX_DEAD_LETTERS - 1), '0'],
    ]);
    await outbox.stop();
    expect((await open(file)).counts().deadLetters).toBe(MAX_DEAD_LETTERS + 1);
  });

  it('is a queue, whatever is done with it and however often it is opened again', async () => {
    const action = fc.oneof(
      fc.record({
        kind: fc.constant('append' as const),
        data: fc.string({ maxLength: 60 }),
        items: fc.nat({ max: 9 }),
      }),
      fc.record({ kind: fc.constant('remove' as const), count: fc.nat({ max: 3 }) }),
      fc.record({ kind: fc.constant('open' as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 30 }), async (actions) => {
        const file = newFile();
        const model: Model = [];
        let outbox = await openOutbox({ file, maxBytes: 200 });
        for (const each of actions) {
          if (each.kind === 'append') await appendBoth(outbox, model, each);
          else if (each.kind === 'remove') await outbox.remove(model.splice(0, each.count).at(-1)?.id ?? 0);
          else {
            await outbox.stop();
            outbox = await openOutbox({ file, maxBytes: 200 });
          }
          const found = await outbox.peekAfter(ALL);
          expect(found.map((entry) => ({ ...entry, data: Buffer.from(entry.data).toString() }))).toEqual(model);
          expect(outbox.counts()).toEqual({
            entries: model.length,
            items: model.reduce((sum, { items }) => sum + items, 0),
            bytes: bytesOf(model),
            deadLetters: 0,
            dropped: 0,
            isOneSetAside: false,
          });
        }
        await outbox.stop();
      }),
      { numRuns: 25 },
    );
  });

  type Model = { id: number; items: number; data: string }[];

  const bytesOf = (model: Model): number =>
    model.reduce((sum, { data }) => sum + Buffer.byteLength(data) + ENTRY_BYTES, 0);

  async function appendBoth(outbox: Outbox, model: Model, { data, items }: { data: string; items: number }) {
    const isRoom = bytesOf([...model, { id: 0, items, data }]) <= 200;
    const id = await outbox.append(blob(data), items).catch(() => null);
    expect(id !== null).toBe(isRoom);
    if (id === null) return;
    expect(id).toBeGreaterThan(model.at(-1)?.id ?? 0);
    model.push({ id, items, data });
  }

  it('holds what it took when its process is killed', async () => {
    const file = newFile();
    const script = `
      import { openOutbox } from ${JSON.stringify(join(import.meta.dirname, '../../link/outbox.ts'))};
      const outbox = await openOutbox({ file: ${JSON.stringify(file)}, maxBytes: 1e8 });
      for (let i = 0; ; i++) console.log(await outbox.append(Buffer.from('x'.repeat(i % 5000)), 1));`;
    const scriptFile = join(temporaryFolder(), 'append.mjs');
    writeFileSync(scriptFile, script);
    const child = spawn(process.execPath, [scriptFile], { stdio: ['ignore', 'pipe', 'inherit'] });
    const taken: number[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      taken.push(Number(line));
      if (taken.length === 200) child.kill('SIGKILL');
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    expect(taken.length).toBeGreaterThanOrEqual(200);
    const outbox = await open(file, 1e8);
    const ids = (await outbox.peekAfter(ALL)).map(({ id }) => id);
    expect(ids.slice(0, taken.length)).toEqual(taken);
  });

  it('keeps a note beside the entries, the last of each name', async () => {
    const file = newFile();
    const outbox = await open(file);
    expect(await outbox.note('a')).toBeNull();
    await outbox.keepNote('a', 'first');
    await outbox.keepNote('a', 'second');
    await outbox.stop();
    expect(await (await open(file)).note('a')).toBe('second');
  });

  describe('that is damaged', () => {
    const setAside = { maxBytes: 1e8, whenDamaged: 'set-aside' } as const;
    /** Noise over the file, from a page on: as a card that loses its power writes it. */
    const damage = (file: string, fromPage: number) => {
      const bytes = readFileSync(file);
      bytes.fill(0xa5, fromPage * 4096);
      writeFileSync(file, bytes);
    };
    const fill = async (outbox: Outbox, count: number, size = 2_000) => {
      for (let i = 0; i < count; i++) await outbox.append(blob('x'.repeat(size)), 1);
    };
    const filesBeside = (file: string) => readdirSync(dirname(file)).filter((name) => name.includes('.damaged-'));

    it('is refused, unless it is to be set aside', async () => {
      const file = newFile();
      writeFileSync(file, 'no database at all, and longer than its header would be: '.repeat(100));
      await expect(openOutbox({ file, maxBytes: 1e6 })).rejects.toMatchObject({ name: 'StoreError' });
    });

    it('is set aside at the start, and the last such file alone is kept', async () => {
      const file = newFile();
      const told: string[] = [];
      for (const fromPage of [0, 3]) {
        const before = await openOutbox({ file, ...setAside });
        await fill(before, 20);
        await before.stop();
        damage(file, fromPage);
        const outbox = await openOutbox({ file, ...setAside }, (aside) => told.push(basename(aside)));
        expect(await outbox.append(blob('a'), 1)).toBe(1);
        expect(outbox.counts()).toMatchObject({ entries: 1, isOneSetAside: true });
        await outbox.stop();
      }
      expect(told).toHaveLength(2);
      expect(filesBeside(file)).toEqual([told[1]]);
      const again = await openOutbox({ file, ...setAside }, (aside) => told.push(aside));
      onTestFinished(() => again.stop());
      expect([told.length, again.counts().isOneSetAside]).toEqual([2, true]);
    });

    it('is set aside when it shows later, and ids go on', async () => {
      const file = newFile();
      const told: string[] = [];
      const outbox = await openOutbox({ file, ...setAside }, (aside) => told.push(aside));
      onTestFinished(() => outbox.stop());
      // More than the memory that SQLite keeps pages in, and than its log takes before it goes into the file.
      await fill(outbox, 200, 60_000);
      damage(file, 3);
      const [entry] = await outbox.peekAfter({ id: 0, maxItems: 1e9, maxBytes: 1e9 });
      expect(entry).toBeUndefined();
      expect(await outbox.append(blob('a'), 1)).toBe(201);
      expect(told).toHaveLength(1);
    });
  });

  it('of a newer program is refused with a sentence', async () => {
    const file = newFile();
    const db = new DatabaseSync(file);
    db.exec('PRAGMA user_version = 99');
    db.close();
    await expect(openOutbox({ file, maxBytes: 1e6 })).rejects.toMatchObject({
      name: 'StoreError',
      message: expect.stringContaining('schema version 99'),
    });
  });
});

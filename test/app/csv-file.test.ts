/** What is no table, or one too large to be one, ends with a sentence, and is not gathered in memory. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { type CsvRow, readCsv } from '../../app/replay/csv-file.ts';
import { createRowReader } from '../../app/replay/rows.ts';
import { temporaryFolder } from '../harness/server.ts';

const MB = 2 ** 20;

/** `ending` decides whether it is unpacked. */
async function readAll(content: string | Buffer, ending = 'csv'): Promise<{ rows: CsvRow[]; failure: string | null }> {
  const file = join(temporaryFolder(), `past.${ending}`);
  writeFileSync(file, content);
  const rows: CsvRow[] = [];
  try {
    for await (const row of readCsv(file, () => undefined)) rows.push(row);
    return { rows, failure: null };
  } catch (error) {
    return { rows, failure: (error as Error).message.replace(file, 'FILE') };
  }
}

it('does not unpack what has no lines', async () => {
  const packed = gzipSync(Buffer.alloc(20 * MB));
  expect(packed.length).toBeLessThan(MB / 16);
  const { rows, failure } = await readAll(packed, 'csv.gz');
  expect(failure).toBe('FILE: cannot be read to its end: line 1 is longer than 1 MB: is it a table?');
  expect(rows).toEqual([]);
});

it.each([
  ['one endless cell', 'x'.repeat(2 * MB), 'line 3 is longer than 1 MB: is it a table?'],
  ['nothing but separators', ','.repeat(2 * MB), 'line 3 is longer than 1 MB: is it a table?'],
  ['nothing but blanks', ' '.repeat(2 * MB), 'line 3 is longer than 1 MB: is it a table?'],
  ['a quote that is never closed', `"${'1,2\n'.repeat(MB / 2)}`, 'is longer than 1 MB: is a quote open?'],
])('names the line of %s, and gives the rows before', async (_, rest, sentence) => {
  const { rows, failure } = await readAll(`t,a\n2019-01-01,1\n${rest}`);
  expect(failure).toContain(sentence);
  expect(rows.map(({ cells }) => cells)).toEqual([
    ['t', 'a'],
    ['2019-01-01', '1'],
  ]);
});

it.each(['\n', '\r\n', '\r'])('reads a long table of short lines ended by %j', async (end) => {
  const { rows, failure } = await readAll(`t,a${end}${`2019-01-01,1${end}`.repeat(200_000)}`);
  expect(failure).toBeNull();
  expect(rows).toHaveLength(200_001);
});

it('keeps its sentences short', () => {
  const mapping = { site: 's', time: { zone: 'UTC' }, columns: { a: 'd.level' } };
  const many = Array.from({ length: 100_000 }, (_, i) => `c${i}`);
  expect(JSON.stringify(createRowReader(many, mapping)).length).toBeLessThan(1_000);
  const read = createRowReader(['t', 'a'], mapping);
  if (typeof read !== 'function') throw new Error(read.join());
  expect(read(['x'.repeat(MB), '1'], 2).faults[0]?.text.length).toBeLessThan(200);
  expect(read(['2019-01-01', 'x'.repeat(MB)], 2).faults[0]?.text.length).toBeLessThan(200);
});

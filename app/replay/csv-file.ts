import { createReadStream, statSync } from 'node:fs';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { parse } from 'csv-parse';
import { StartError } from '../start-error.ts';

export interface CsvRow {
  readonly cells: readonly string[];
  readonly line: number;
}

/** Rows of a file, the header among them; `onBytes` tells of each piece read, of `csvSize` in all. */
export async function* readCsv(file: string, onBytes: (count: number) => void): AsyncGenerator<CsvRow> {
  const source = createReadStream(file);
  source.on('data', (chunk) => onBytes(chunk.length));
  const parser = parse({ info: true, bom: true, trim: true, skip_empty_lines: true, relax_column_count: true });
  // A fault of any stage ends the parser, and so the loop that reads it.
  const stages = file.endsWith('.gz') ? [source, createGunzip(), parser] : [source, parser];
  pipeline(stages, () => undefined);
  try {
    for await (const { record, info } of parser) yield { cells: record, line: info.lines };
  } catch (error) {
    throw new StartError(`${file}: cannot be read to its end: ${(error as Error).message}`);
  }
}

export function csvSize(file: string): number {
  return statSync(file).size;
}

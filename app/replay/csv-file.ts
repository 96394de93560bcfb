import { createReadStream, statSync } from 'node:fs';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { parse } from 'csv-parse';
import { StartError } from '../start-error.ts';
import { createLineLimit } from './line-limit.ts';

export interface CsvRow {
  readonly cells: readonly string[];
  readonly line: number;
}

const TABLE = { info: true, bom: true, trim: true, skip_empty_lines: true, relax_column_count: true } as const;
/** Of a line, and of a row, which may have several where a quote is open: no logger writes as much. */
const MOST_BYTES = 2 ** 20;

/** Rows of a file, the header among them; `onBytes` tells of each piece read, of `csvSize` in all. */
export async function* readCsv(file: string, onBytes: (count: number) => void): AsyncGenerator<CsvRow> {
  const source = createReadStream(file);
  source.on('data', (chunk) => onBytes(chunk.length));
  const parser = parse({ ...TABLE, max_record_size: MOST_BYTES });
  // A fault of any stage ends the parser, and so the loop that reads it.
  const stages = file.endsWith('.gz')
    ? [source, createGunzip(), createLineLimit(MOST_BYTES), parser]
    : [source, createLineLimit(MOST_BYTES), parser];
  pipeline(stages, () => undefined);
  try {
    for await (const { record, info } of parser) yield { cells: record, line: info.lines };
  } catch (error) {
    throw new StartError(`${file}: cannot be read to its end: ${explained(error as Error)}`);
  }
}

export function csvSize(file: string): number {
  return statSync(file).size;
}

function explained({ code, message }: NodeJS.ErrnoException): string {
  const [, line] = /at line (\d{1,15})$/.exec(message) ?? [];
  if (code !== 'CSV_MAX_RECORD_SIZE') return message;
  return `the row at line ${line} is longer than ${MOST_BYTES / 2 ** 20} MB: is a quote open?`;
}

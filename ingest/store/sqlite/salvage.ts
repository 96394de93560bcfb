/** Everything of a damaged database that SQLite and the checksums let pass, into a new one; and what that is, for people. */
import type { DatabaseSync } from 'node:sqlite';
import { type Chunk, HOURS, READINGS } from './chunk.ts';
import { decodeChunk } from './chunk-codec.ts';
import { createChunkReader } from './chunk-reader.ts';
import { faultOfRow, rowChecksum, sealData, toSeal } from './chunk-seal.ts';
import { type ChunkTable, createChunkTable } from './chunk-table.ts';
import { isDamage, isTs } from './damage.ts';
import { createJournalTable } from './journal.ts';
import { readAll } from './journal-repair.ts';
import { inKeyOrder } from './key-walk.ts';
import type { ReadingColumns } from './protocol.ts';
import { createSeriesTable, type KnownSeries, readSeries } from './series-table.ts';
import { createSetAside } from './set-aside.ts';
import { inTransaction } from './transaction.ts';

export interface Salvage {
  /** Nothing was wrong. */
  readonly isWhole: boolean;
  readonly saved: readonly string[];
  readonly lost: readonly string[];
}

interface Work {
  readonly from: DatabaseSync;
  readonly to: DatabaseSync;
  readonly chunks: ChunkTable;
  readonly names: ReadonlyMap<number, KnownSeries>;
  readonly lost: string[];
  readonly counts: {
    chunks: number;
    readings: number;
    hours: number;
    waiting: number;
    commits: number;
    recent: number;
  };
}

/** Sentences of what is lost: nobody reads more. */
const MAX_LOST = 1_000;
const COMMIT_CHUNKS = 500;

export function salvage(from: DatabaseSync, to: DatabaseSync): Salvage {
  const isSound = isSoundForSqlite(from);
  const setAside = createSetAside(to, Date.now);
  const series = readSeries(from);
  const counts = { chunks: 0, readings: 0, hours: 0, waiting: 0, commits: 0, recent: 0 };
  const chunks = createChunkTable(to, setAside.chunk);
  const work: Work = { from, to, chunks, names: new Map(series.rows.map((row) => [row.id, row])), lost: [], counts };
  work.lost.push(...series.lost);
  const table = createSeriesTable(to, setAside);
  inTransaction(to, () => {
    for (const row of series.rows) {
      table.insert(row);
      if (row.horizon !== null) table.raiseHorizon(row.id, row.horizon);
    }
  });
  for (const id of work.names.keys()) saveChunks(work, id);
  saveAside(work);
  saveJournal(work);
  const isWhole = isSound && work.lost.length === 0 && counts.waiting === 0;
  return { isWhole, saved: savedSentences(work), lost: bounded(work.lost) };
}

function isSoundForSqlite(db: DatabaseSync): boolean {
  try {
    return Object.values(db.prepare('PRAGMA integrity_check(1)').get() ?? {})[0] === 'ok';
  } catch {
    return false;
  }
}

function saveChunks(work: Work, series: number): void {
  const { from, to, counts } = work;
  const reader = createChunkReader(from, () => undefined);
  const insert = createInsert(to);
  let end = Number.NEGATIVE_INFINITY;
  let batch: Chunk[] = [];
  const save = (chunk: Chunk): void => {
    const fault = attempt(() => {
      const body = reader.body(series, chunk);
      if (chunk.kind === READINGS && chunk.start <= end) work.chunks.merge(series, decodeChunk(body));
      else insert(series, chunk, body);
    });
    if (fault !== null) lose(work, series, chunk, fault);
    else {
      counts.chunks++;
      if (chunk.kind === HOURS) counts.hours++;
      else counts.readings += chunk.count;
      if (chunk.kind === READINGS) end = Math.max(end, chunk.end);
    }
  };
  const saveBatch = (): void => {
    inTransaction(to, () => batch.forEach(save));
    batch = [];
  };
  for (const step of inKeyOrder(from, series)) {
    if (step.kind === 'gap') lose(work, series, { start: step.from, end: step.to }, 'pages cannot be read');
    else {
      const fault = faultOfRow(series, step.chunk);
      if (fault !== null) lose(work, series, step.chunk, fault);
      else batch.push(step.chunk);
    }
    if (batch.length === COMMIT_CHUNKS) saveBatch();
  }
  saveBatch();
}

function createInsert(db: DatabaseSync): (series: number, chunk: Chunk, body: Uint8Array) => void {
  const insert = db.prepare(`INSERT INTO chunk (series, start, end, kind, count, good, min, max, sum, last, seal, data)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
  return (series, chunk, body) => {
    const { start, end, kind, count, good, min, max, sum, last, endQuality } = chunk;
    const extent = good > 0 ? [min, max, sum, last] : [null, null, null, null];
    const checksum = rowChecksum(series, chunk);
    const [seal, data] = [toSeal(checksum, endQuality), sealData(body, checksum)];
    insert.run(series, start, end, kind, count, good, ...extent, seal, data);
  };
}

/** What lies aside: readings that wait for a place get it, the rest is lost with its span. */
function saveAside(work: Work): void {
  const { from, to, chunks, counts } = work;
  const fault = attempt(() => {
    const rows = from.prepare(
      `SELECT origin, CAST(series AS REAL) AS series, CAST(from_ts AS REAL) AS start, CAST(to_ts AS REAL) AS end,
         CAST(reason AS TEXT) AS reason, data FROM damaged ORDER BY id`,
    );
    for (const row of rows.all() as unknown as AsideRow[]) {
      const { origin, series, start, end, reason, data } = row;
      const isWaiting = origin === 'waiting' && series !== null && work.names.has(series);
      const notSaved = isWaiting
        ? attempt(() => inTransaction(to, () => chunks.merge(series, decodeChunk(data as Uint8Array))))
        : reason;
      if (notSaved !== null) lose(work, series, { start, end }, `${origin}: ${notSaved}`);
      else counts.waiting++;
    }
  });
  if (fault !== null) work.lost.push(`What lay aside cannot be read: ${fault}.`);
}

interface AsideRow {
  readonly origin: string;
  readonly series: number | null;
  readonly start: number | null;
  readonly end: number | null;
  readonly reason: string;
  readonly data: unknown;
}

function saveJournal(work: Work): void {
  const { from, to, names, counts } = work;
  const journal = createJournalTable(to, 'write');
  const fault = attempt(() => {
    const old = createJournalTable(from, 'read');
    const { read, isWhole } = readAll(from, old, ({ id, reason }) =>
      work.lost.push(`Commit ${id} of the journal: ${reason}; whose readings it held cannot be told.`),
    );
    inTransaction(to, () => {
      for (const { id, columns } of read) {
        if (!columns.series.every((each) => names.has(each)))
          work.lost.push(
            `Commit ${id} of the journal, with ${columns.series.length} readings: of a series that is lost.`,
          );
        else {
          journal.append(copyOf(columns));
          counts.commits++;
          counts.recent += columns.series.length;
        }
      }
    });
    if (!isWhole) work.lost.push('Pages of the journal cannot be read; what they held cannot be told.');
  });
  if (fault !== null) work.lost.push(`The journal cannot be read: ${fault}.`);
  const old = attempt(() => {
    const { n } = from.prepare("SELECT count(*) AS n FROM sqlite_schema WHERE name LIKE 'damaged_journal_%'").get() as {
      n: number;
    };
    if (n > 0)
      work.lost.push(`${n} times the journal could not be read and was begun anew; what it held else is lost.`);
  });
  if (old !== null) work.lost.push(`The list of tables cannot be read: ${old}.`);
}

const copyOf = (columns: ReadingColumns): ReadingColumns => ({ ...columns });

/** Null where it was done, or why not. */
function attempt(step: () => void): string | null {
  try {
    step();
    return null;
  } catch (error) {
    if (!isDamage(error)) throw error;
    return (error as Error).message;
  }
}

interface Span {
  readonly start: number | null;
  readonly end: number | null;
}

function lose({ names, lost }: Work, series: number | null, { start, end }: Span, why: string): void {
  const of = series === null ? undefined : names.get(series);
  const whose = of
    ? `${of.device} ${of.metric}`
    : series === null
      ? 'Readings'
      : `Series ${series}, whose name is lost,`;
  const time = (ts: number | null): string =>
    ts !== null && isTs(ts) ? new Date(ts).toISOString() : 'an unknown time';
  lost.push(`${whose} from ${time(start)} to ${time(end)}: ${why}.`);
}

function savedSentences({ names, counts }: Work): string[] {
  const { chunks, readings, hours, waiting, commits, recent } = counts;
  return [
    `${names.size} series.`,
    `${chunks} chunks, ${readings} readings and ${hours} chunks of hours among them.`,
    `${recent} readings in ${commits} commits of the journal.`,
    ...(waiting > 0 ? [`${waiting} pieces that had waited for a place among their chunks.`] : []),
  ];
}

function bounded(lost: readonly string[]): string[] {
  if (lost.length <= MAX_LOST) return [...lost];
  return [...lost.slice(0, MAX_LOST), `And ${lost.length - MAX_LOST} more.`];
}

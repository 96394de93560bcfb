/** The thread that owns the writing connection: takes groups of readings, tells new from known, and keeps the database in shape. */
import { workerData } from 'node:worker_threads';
import { createChunkTable } from './chunk-table.ts';
import { createCompactor } from './compactor.ts';
import { createJournalTable } from './journal.ts';
import { createWriterMemory } from './memory.ts';
import type { ReadingColumns, SeriesRow, ThreadOptions, WriterCalls } from './protocol.ts';
import { createKeeper } from './retention.ts';
import { openDatabase } from './schema.ts';
import { type Handlers, serve } from './thread.ts';
import { inTransaction } from './transaction.ts';

function createHandlers({ file, retention }: ThreadOptions): Handlers<WriterCalls> {
  const db = openDatabase({ file, readOnly: false });
  const selectSeries = db.prepare('SELECT id, device, metric, horizon FROM series');
  const insertSeries = db.prepare('INSERT OR IGNORE INTO series (id, device, metric) VALUES (?, ?, ?)');
  const journal = createJournalTable(db, 'write');
  const chunks = createChunkTable(db);
  const memory = createWriterMemory(chunks);
  let toldMs: number | null = null;
  const now = (): number | null => toldMs ?? (retention.waitsForTime ? null : Date.now());
  const keeper = createKeeper({ db, chunks, memory, retention, now });
  const compactor = createCompactor({ db, journal, chunks, memory, afterwards: keeper.start });

  for (const { id, horizon } of selectSeries.all()) memory.know(id as number, horizon as number | null);
  for (const { id, columns } of journal.read(0)) {
    memory.load(columns);
    compactor.committed(id, columns.series.length);
  }
  keeper.start();

  return {
    series: () => selectSeries.all().map(({ id, device, metric }) => ({ id, device, metric }) as unknown as SeriesRow),
    append({ newSeries, columns }) {
      compactor.ensureRoom();
      for (const { id } of newSeries) memory.know(id, null);
      const outcomes = Uint8Array.from(columns.series, (series, i) =>
        memory.take(series, columns.ts[i] ?? 0, columns.value[i] ?? 0, columns.quality[i] ?? 0),
      );
      const stored = onlyStored(columns, outcomes);
      if (stored.series.length === 0 && newSeries.length === 0) return outcomes;
      try {
        const id = inTransaction(db, () => {
          for (const { id, device, metric } of newSeries) insertSeries.run(id, device, metric);
          return journal.append(stored);
        });
        compactor.committed(id, stored.series.length);
      } catch (error) {
        memory.giveBack(stored);
        throw error;
      }
      return outcomes;
    },
    newest: memory.newest,
    time(ms) {
      const isFirst = toldMs === null;
      toldMs = ms;
      if (isFirst) keeper.start();
      return undefined;
    },
    compact() {
      compactor.finish();
      keeper.finish();
      return undefined;
    },
    close() {
      compactor.stop();
      keeper.stop();
      db.close();
      return undefined;
    },
  };
}

function onlyStored(columns: ReadingColumns, outcomes: Uint8Array): ReadingColumns {
  if (outcomes.every((code) => code === 0)) return columns;
  const isStored = (_: number, i: number): boolean => outcomes[i] === 0;
  return {
    series: columns.series.filter(isStored),
    ts: columns.ts.filter(isStored),
    value: columns.value.filter(isStored),
    quality: columns.quality.filter(isStored),
  };
}

serve<WriterCalls>(createHandlers(workerData as ThreadOptions));

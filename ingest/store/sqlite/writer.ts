/** The thread that owns the writing connection: takes groups of readings, tells new from known, and keeps the database in shape. */
import { workerData } from 'node:worker_threads';
import { createChunkTable } from './chunk-table.ts';
import { createCompactor } from './compactor.ts';
import { type Finding, isDamage } from './damage.ts';
import { createJournalTable } from './journal.ts';
import { loadJournal, renewJournal } from './journal-repair.ts';
import { createWriterMemory } from './memory.ts';
import type { ReadingColumns, SeriesRow, ThreadOptions, WriterCalls } from './protocol.ts';
import { createKeeper } from './retention.ts';
import { openDatabase } from './schema.ts';
import { createSealer } from './sealer.ts';
import { createSeriesTable } from './series-table.ts';
import { createSetAside } from './set-aside.ts';
import { type Handlers, serve } from './thread.ts';
import { inTransaction } from './transaction.ts';

function createHandlers({ file, retention }: ThreadOptions): Handlers<WriterCalls> {
  const db = openDatabase({ file, readOnly: false });
  const setAside = createSetAside(db, Date.now);
  const series = createSeriesTable(db, setAside);
  const journal = createJournalTable(db, 'write');
  const chunks = createChunkTable(db, setAside.chunk);
  const memory = createWriterMemory(chunks, (id, reason) => setAside.tell(unreadable(id, reason)));
  let toldMs: number | null = null;
  const now = (): number | null => toldMs ?? (retention.waitsForTime ? null : Date.now());
  const keeper = createKeeper({ db, chunks, series, setAside, memory, retention, now });
  const sealer = createSealer({ db, chunks, setAside });
  const compactor = createCompactor({
    db,
    journal,
    chunks,
    memory,
    setAside,
    afterwards: keeper.start,
    renewJournal: renew,
  });

  function renew(): void {
    for (const { id, readings } of renewJournal(db, { journal, memory, setAside })) compactor.committed(id, readings);
  }

  const standing = setAside.standing();
  const rows = series.load();
  for (const { id, horizon } of rows) memory.know(id, horizon);
  const loaded = loadJournal(db, { journal, memory, setAside });
  for (const { id, readings } of loaded.entries) compactor.committed(id, readings);
  if (!loaded.isWhole) renew();
  keeper.start();
  sealer.start();

  /** What has been taken, in the journal. */
  function commit(stored: ReadingColumns, newSeries: readonly SeriesRow[]): number {
    return inTransaction(db, () => {
      for (const row of newSeries) series.insert(row);
      return journal.append(stored);
    });
  }

  /** Where the journal's own pages are damaged it is begun anew, once, from what the memory holds: `stored` too. */
  function commitOrRenew(stored: ReadingColumns, newSeries: readonly SeriesRow[]): void {
    try {
      compactor.committed(commit(stored, newSeries), stored.series.length);
    } catch (error) {
      if (!isDamage(error)) throw error;
      inTransaction(db, () => {
        for (const row of newSeries) series.insert(row);
      });
      renew();
    }
  }

  /** The writer sees for itself: what the reader met may have been moved since. */
  function look(findings: readonly Finding[]): void {
    for (const finding of findings) {
      if (finding.kind === 'chunk') chunks.examine(finding.series, finding.start);
      else if (finding.id === null) renewUnreadable();
      else
        setAside.tell({
          ...NOWHERE,
          reason: 'a commit of the journal cannot be read back; it is moved on from memory',
        });
    }
  }

  function renewUnreadable(): void {
    try {
      journal.read(Number.NEGATIVE_INFINITY, () => undefined);
    } catch (error) {
      if (!isDamage(error)) throw error;
      renew();
    }
  }

  return {
    series: () => ({
      rows: rows.map(({ id, device, metric }) => ({ id, device, metric })),
      lastId: series.lastId(),
      damage: [...standing, ...setAside.news()],
    }),
    append({ newSeries, columns }) {
      compactor.ensureRoom();
      for (const { id } of newSeries) memory.know(id, null);
      const outcomes = Uint8Array.from(columns.series, (id, i) =>
        memory.take(id, columns.ts[i] ?? 0, columns.value[i] ?? 0, columns.quality[i] ?? 0),
      );
      const stored = onlyStored(columns, outcomes);
      if (stored.series.length > 0 || newSeries.length > 0) {
        try {
          commitOrRenew(stored, newSeries);
        } catch (error) {
          memory.giveBack(stored);
          throw error;
        }
      }
      return { outcomes, damage: setAside.news() };
    },
    newest: memory.newest,
    look(findings) {
      look(findings);
      return setAside.news();
    },
    time(ms) {
      const isFirst = toldMs === null;
      toldMs = ms;
      if (isFirst) keeper.start();
      return undefined;
    },
    compact() {
      compactor.finish();
      sealer.finish();
      keeper.finish();
      return setAside.news();
    },
    close() {
      compactor.stop();
      keeper.stop();
      sealer.stop();
      db.close();
      return undefined;
    },
  };
}

const NOWHERE = { series: null, from: null, to: null };

function unreadable(series: number, reason: string) {
  return { ...NOWHERE, series, reason: `its chunks cannot be read: ${reason}` };
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

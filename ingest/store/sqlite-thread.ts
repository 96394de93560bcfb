/** A thread that owns one SQLite connection: one such writes, another reads, so that a slow disk stops neither event loop nor query. */
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { queryHistory } from './sqlite-history.ts';
import type {
  CallName,
  Calls,
  ReadingColumns,
  Request,
  Response,
  SeriesRow,
  ThreadOptions,
} from './sqlite-protocol.ts';

const SCHEMA_VERSION = 1;

/** (series, ts) is the identity of a reading. A value of null is a reading of quality bad. */
const SCHEMA = `
  CREATE TABLE series (
    id INTEGER PRIMARY KEY, device TEXT NOT NULL, metric TEXT NOT NULL, UNIQUE (device, metric)
  ) STRICT;
  CREATE TABLE reading (
    series INTEGER NOT NULL, ts INTEGER NOT NULL, value REAL, quality INTEGER NOT NULL,
    PRIMARY KEY (series, ts)
  ) STRICT, WITHOUT ROWID;
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

function open({ file, readOnly }: ThreadOptions): DatabaseSync {
  const db = new DatabaseSync(file, { readOnly });
  db.exec('PRAGMA busy_timeout = 5000; PRAGMA cache_size = -4000;');
  if (readOnly) return db;
  // A PUBACK means on disk: NORMAL would sync at checkpoints only (contract 2.5).
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
  const version = db.prepare('PRAGMA user_version').get()?.user_version;
  if (version === 0) db.exec(`BEGIN; ${SCHEMA} COMMIT;`);
  else if (version !== SCHEMA_VERSION) {
    throw new Error(`${file} has schema version ${version}; this program knows version ${SCHEMA_VERSION}`);
  }
  return db;
}

type Handlers = { [N in CallName]: (argument: Calls[N][0]) => Calls[N][1] };

function createHandlers(db: DatabaseSync): Handlers {
  const selectSeries = db.prepare('SELECT id, device, metric FROM series');
  const insertSeries = db.prepare('INSERT INTO series (id, device, metric) VALUES (?, ?, ?)');
  const insert = db.prepare(
    'INSERT INTO reading (series, ts, value, quality) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
  );
  const select = db.prepare('SELECT value FROM reading WHERE series = ? AND ts = ?');
  const selectNewest = db.prepare('SELECT ts, value, quality FROM reading WHERE series = ? ORDER BY ts DESC LIMIT 1');

  function insertAll({ series, ts, value, quality }: ReadingColumns): Uint8Array {
    const outcomes = new Uint8Array(series.length);
    for (let i = 0; i < series.length; i++) {
      const [s = 0, t = 0, v = 0, q = 0] = [series[i], ts[i], value[i], quality[i]];
      const stored = Number.isNaN(v) ? null : v;
      if (insert.run(s, t, stored, q).changes === 1) continue;
      outcomes[i] = select.get(s, t)?.value === stored ? 1 : 2;
    }
    return outcomes;
  }

  return {
    series: () => selectSeries.all() as unknown as SeriesRow[],
    append({ newSeries, columns }) {
      db.exec('BEGIN IMMEDIATE');
      try {
        for (const { id, device, metric } of newSeries) insertSeries.run(id, device, metric);
        const outcomes = insertAll(columns);
        db.exec('COMMIT');
        return outcomes;
      } catch (error) {
        if (db.isTransaction) db.exec('ROLLBACK');
        throw error;
      }
    },
    newest() {
      const rows: [number, number, number, number][] = [];
      for (const { id } of selectSeries.all()) {
        const row = selectNewest.get(id as number);
        if (row) rows.push([id as number, row.ts as number, (row.value ?? NaN) as number, row.quality as number]);
      }
      return {
        series: Int32Array.from(rows, (r) => r[0]),
        ts: Float64Array.from(rows, (r) => r[1]),
        value: Float64Array.from(rows, (r) => r[2]),
        quality: Uint8Array.from(rows, (r) => r[3]),
      };
    },
    history: (query) => queryHistory(db, query),
    close: () => {
      db.close();
      return undefined;
    },
  };
}

function answer(handlers: Handlers, { id, name, argument }: Request): Response {
  try {
    return { id, result: (handlers[name] as (argument: unknown) => unknown)(argument) };
  } catch (error) {
    const { message, code = 'ERR_STORE' } = error as Error & { code?: string };
    return { id, error: { message, code } };
  }
}

const handlers = createHandlers(open(workerData as ThreadOptions));
parentPort?.on('message', (request: Request) => {
  parentPort?.postMessage(answer(handlers, request));
  if (request.name === 'close') parentPort?.close();
});

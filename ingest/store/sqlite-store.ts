/** The embedded store: readings in SQLite, written by one thread, read by another (`sqlite/`, ADR 0011). */
import type { DataFault } from '../../model/data-fault.ts';
import type { DeviceId, MetricName } from '../../model/ids.ts';
import type { Quality, Reading } from '../../model/reading.ts';
import type { ReadingStore } from './reading-store.ts';
import { createSqliteClient } from './sqlite/client.ts';
import type { Finding } from './sqlite/damage.ts';
import { createFaultTeller } from './sqlite/fault-teller.ts';
import { unpackPoints } from './sqlite/packed-points.ts';
import {
  OUTCOME_CODES,
  QUALITY_CODES,
  type ReaderCalls,
  type ReadingColumns,
  type Retention,
  type SeriesRow,
  type WriterCalls,
} from './sqlite/protocol.ts';

export interface SqliteStore extends ReadingStore {
  /** Moves everything into chunks, applies retention, and gives free pages and the log back to the disk. */
  compact(): Promise<void>;
}

const KEEP_ALL: Retention = { rawDays: null, diskBytes: Number.POSITIVE_INFINITY };

/** By age goes what is days old. */
const TELL_EVERY_MS = 60_000;
/** Of queries in a row: one may have met a thread that was just replaced. */
const FAILURES_TOLD = 2;
/** Of a series that has no reading yet. */
const NO_SERIES = -1;

/** `onFault` is told of what is damaged in the file, each time it is met. */
export async function openSqliteStore(
  file: string,
  retention = KEEP_ALL,
  onFault: (fault: DataFault) => void = () => undefined,
): Promise<SqliteStore> {
  const writer = createSqliteClient<WriterCalls>('./writer.ts', { file, retention });
  const { rows, lastId, damage } = await writer.call('series', undefined);
  const reader = createSqliteClient<ReaderCalls>('./reader.ts', { file, retention });
  const series = createSeriesTable(rows, lastId);
  const faults = createFaultTeller({ file, seriesOf: series.byId, onFault });
  faults.tell(damage);
  let pending = 0;
  let reachable = true;
  let unanswered = 0;
  let toldMs = Number.NEGATIVE_INFINITY;

  /** What the reader has met, the writer sets aside; if that fails, the next answer brings it again. */
  async function look(findings: readonly Finding[]): Promise<void> {
    await writer.call('look', findings).then(faults.tell, () => undefined);
  }

  return {
    async append(readings) {
      const columns = toColumns(readings, series.idOf);
      const newSeries = series.unsaved();
      pending += readings.length;
      try {
        const { outcomes, damage } = await writer.call('append', { newSeries, columns });
        faults.tell(damage);
        series.markSaved(newSeries);
        reachable = true;
        return Array.from(outcomes, (code) => OUTCOME_CODES[code] ?? 'stored');
      } catch (error) {
        reachable = false;
        throw named(error, file);
      } finally {
        pending -= readings.length;
      }
    },
    async newest() {
      return fromColumns(await writer.call('newest', undefined), (id) => series.byId(id));
    },
    async history({ device, metric, ...query }) {
      const id = series.find(device, metric) ?? NO_SERIES;
      const { bucketMs, next, damaged, findings, ...packed } = await reader
        .call('history', { ...query, series: id })
        .catch((error) => {
          unanswered = faults.tellUnreadable(error, id) ? 0 : unanswered + 1;
          throw named(error, file);
        });
      unanswered = 0;
      // The answer has waited long enough: who set it aside need not.
      if (findings.length > 0) void look(findings);
      return { bucketMs, next, points: unpackPoints(packed), ...(damaged.length > 0 && { damaged }) };
    },
    async compact() {
      faults.tell(await writer.call('compact', undefined));
    },
    health: () => ({
      kind: 'sqlite',
      reachable,
      pending,
      overdueMs: Math.max(writer.overdueMs(), reader.overdueMs()),
      ...(unanswered >= FAILURES_TOLD && { reason: 'history cannot be read: the last queries failed' }),
    }),
    tellTime(ms) {
      if (Math.abs(ms - toldMs) < TELL_EVERY_MS) return;
      toldMs = ms;
      // A thread that is away is told the next time.
      writer.call('time', ms).catch(() => {
        toldMs = Number.NEGATIVE_INFINITY;
      });
    },
    async stop() {
      // The writer last: it checkpoints the log when no other connection is left.
      await reader.stop();
      await writer.stop();
    },
  };
}

/** The error, saying which file it is of. */
function named(error: unknown, file: string): unknown {
  if (error instanceof Error && !error.message.startsWith(file)) error.message = `${file}: ${error.message}`;
  return error;
}

/** Numbers for series, given here and saved with the first reading that needs them. */
function createSeriesTable(rows: readonly SeriesRow[], highestId: number) {
  /** By device and metric: no key is put together for each reading. */
  const ids = new Map<string, Map<string, number>>();
  const byId = new Map<number, SeriesRow>();
  const unsaved = new Set<SeriesRow>();
  const find = (device: string, metric: string): number | undefined => ids.get(device)?.get(metric);

  function note(row: SeriesRow): void {
    byId.set(row.id, row);
    const ofDevice = ids.get(row.device) ?? new Map<string, number>();
    ids.set(row.device, ofDevice.set(row.metric, row.id));
  }

  for (const row of rows) note(row);
  let lastId = highestId;
  return {
    find,
    byId: (id: number) => byId.get(id),
    unsaved: () => [...unsaved],
    markSaved: (saved: readonly SeriesRow[]) => {
      for (const row of saved) unsaved.delete(row);
    },
    idOf(device: string, metric: string): number {
      const known = find(device, metric);
      if (known !== undefined) return known;
      const row: SeriesRow = { id: ++lastId, device, metric };
      note(row);
      unsaved.add(row);
      return row.id;
    },
  };
}

function toColumns(readings: readonly Reading[], idOf: (device: string, metric: string) => number): ReadingColumns {
  const count = readings.length;
  const columns = {
    series: new Int32Array(count),
    ts: new Float64Array(count),
    value: new Float64Array(count),
    quality: new Uint8Array(count),
  };
  readings.forEach(({ device, metric, ts, value, quality }, i) => {
    columns.series[i] = idOf(device, metric);
    columns.ts[i] = ts;
    columns.value[i] = value ?? Number.NaN;
    columns.quality[i] = QUALITY_CODES.indexOf(quality);
  });
  return columns;
}

function fromColumns(columns: ReadingColumns, byId: (id: number) => SeriesRow | undefined): Reading[] {
  const readings: Reading[] = [];
  columns.series.forEach((id, i) => {
    const row = byId(id);
    const [ts = 0, value = NaN, quality = 0] = [columns.ts[i], columns.value[i], columns.quality[i]];
    if (!row) return;
    readings.push({
      device: row.device as DeviceId,
      metric: row.metric as MetricName,
      ts,
      value: Number.isNaN(value) ? null : value,
      quality: QUALITY_CODES[quality] as Quality,
    });
  });
  return readings;
}

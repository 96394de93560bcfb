/** The embedded store: readings in SQLite, written by one thread, read by another (`sqlite/`, ADR 0011). */
import type { DeviceId, MetricName } from '../../model/ids.ts';
import { type Quality, type Reading, seriesKey } from '../../model/reading.ts';
import type { ReadingStore } from './reading-store.ts';
import { createSqliteClient } from './sqlite/client.ts';
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

/** Enough for a small town's ten years (docs/performance.md), and little for a disk of today. */
export const DEFAULT_RETENTION: Retention = { rawDays: null, diskBytes: 20e9 };

/** Of a series that has no reading yet. */
const NO_SERIES = -1;

export async function openSqliteStore(file: string, retention = DEFAULT_RETENTION): Promise<SqliteStore> {
  const writer = createSqliteClient<WriterCalls>('./writer.ts', { file, retention });
  const rows = await writer.call('series', undefined);
  const reader = createSqliteClient<ReaderCalls>('./reader.ts', { file, retention });
  const series = createSeriesTable(rows);
  let pending = 0;
  let reachable = true;

  return {
    async append(readings) {
      const columns = toColumns(readings, (r) => series.idOf(r.device, r.metric));
      const newSeries = series.unsaved();
      pending += readings.length;
      try {
        const outcomes = await writer.call('append', { newSeries, columns });
        series.markSaved(newSeries);
        reachable = true;
        return Array.from(outcomes, (code) => OUTCOME_CODES[code] ?? 'stored');
      } catch (error) {
        reachable = false;
        throw error;
      } finally {
        pending -= readings.length;
      }
    },
    async newest() {
      return fromColumns(await writer.call('newest', undefined), (id) => series.byId(id));
    },
    async history({ device, metric, ...query }) {
      return await reader.call('history', { ...query, series: series.find(device, metric) ?? NO_SERIES });
    },
    compact: () => writer.call('compact', undefined),
    health: () => ({ kind: 'sqlite', reachable, pending }),
    async stop() {
      // The writer last: it checkpoints the log when no other connection is left.
      await reader.stop();
      await writer.stop();
    },
  };
}

/** Numbers for series, given here and saved with the first reading that needs them. */
function createSeriesTable(rows: readonly SeriesRow[]) {
  const ids = new Map(rows.map((row) => [seriesKey(row.device, row.metric), row.id]));
  const byId = new Map(rows.map((row) => [row.id, row]));
  const unsaved = new Set<SeriesRow>();
  let lastId = Math.max(0, ...byId.keys());
  return {
    find: (device: string, metric: string) => ids.get(seriesKey(device, metric)),
    byId: (id: number) => byId.get(id),
    unsaved: () => [...unsaved],
    markSaved: (saved: readonly SeriesRow[]) => {
      for (const row of saved) unsaved.delete(row);
    },
    idOf(device: string, metric: string): number {
      const key = seriesKey(device, metric);
      const known = ids.get(key);
      if (known !== undefined) return known;
      const row: SeriesRow = { id: ++lastId, device, metric };
      ids.set(key, row.id);
      byId.set(row.id, row);
      unsaved.add(row);
      return row.id;
    },
  };
}

function toColumns(readings: readonly Reading[], idOf: (reading: Reading) => number): ReadingColumns {
  return {
    series: Int32Array.from(readings, idOf),
    ts: Float64Array.from(readings, (r) => r.ts),
    value: Float64Array.from(readings, (r) => r.value ?? NaN),
    quality: Uint8Array.from(readings, (r) => QUALITY_CODES.indexOf(r.quality)),
  };
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

/** Rows of a CSV file to telemetry frames per device (pure: no file, no broker). */
import { METRICS } from '../../model/metric.ts';
import { shortText } from '../../model/short-text.ts';
import type { TelemetryFrame } from '../../model/telemetry.ts';
import { parseTime } from '../time.ts';
import type { ReplayMapping } from './mapping.ts';

export interface RowFault {
  readonly line: number;
  readonly column: string;
  readonly text: string;
  readonly expected: string;
}

export interface RowResult {
  readonly frames: ReadonlyMap<string, TelemetryFrame>;
  readonly readings: number;
  readonly faults: readonly RowFault[];
}

const COLUMNS_TOLD = 30;

interface MappedColumn {
  readonly index: number;
  readonly name: string;
  readonly device: string;
  readonly metric: string;
}

/** Reader for files with this header, or the faults that keep the mapping from fitting it. */
export function createRowReader(
  header: readonly string[],
  mapping: ReplayMapping,
): ((row: readonly string[], line: number) => RowResult) | readonly string[] {
  const timeName = mapping.time.column ?? header[0] ?? '';
  const timeIndex = header.indexOf(timeName);
  const columns = Object.entries(mapping.columns).map(([name, series]): MappedColumn => {
    const [device = '', metric = ''] = series.split('.');
    return { index: header.indexOf(name), name, device, metric };
  });
  const missing = columns.filter(({ index }) => index < 0).map(({ name }) => name);
  if (timeIndex < 0) missing.push(timeName);
  if (missing.length > 0) return missing.map((name) => `no column "${name}"; the file has ${namesOf(header)}`);

  return (row, line) => {
    const timeText = row[timeIndex] ?? '';
    const ts = parseTime(timeText, mapping.time.zone);
    if (ts === null) {
      const expected = `a time that exists once in ${mapping.time.zone}`;
      return {
        frames: new Map(),
        readings: 0,
        faults: [{ line, column: timeName, text: shortText(timeText), expected }],
      };
    }
    return readCells(row, line, ts, columns);
  };
}

/** As many as a sentence bears. */
function namesOf(header: readonly string[]): string {
  const names = header.slice(0, COLUMNS_TOLD).map((name) => shortText(name));
  return header.length > COLUMNS_TOLD
    ? `${names.join(', ')} and ${header.length - COLUMNS_TOLD} more`
    : names.join(', ');
}

function readCells(row: readonly string[], line: number, ts: number, columns: readonly MappedColumn[]): RowResult {
  const frames = new Map<string, { ts: number; values: Record<string, number | boolean> }>();
  const faults: RowFault[] = [];
  let readings = 0;
  for (const { index, name, device, metric } of columns) {
    const text = row[index]?.trim() ?? '';
    if (text === '') continue; // an empty cell is a gap, not a reading
    const value = parseCell(text, metric);
    if (value === null) {
      faults.push({ line, column: name, text: shortText(text), expected: 'a number' });
      continue;
    }
    const frame = frames.get(device) ?? { ts, values: {} };
    frame.values[metric] = value;
    frames.set(device, frame);
    readings++;
  }
  return { frames, readings, faults };
}

function parseCell(text: string, metric: string): number | boolean | null {
  if (METRICS.get(metric)?.type === 'boolean' && /^(true|false)$/i.test(text)) return text.toLowerCase() === 'true';
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
}

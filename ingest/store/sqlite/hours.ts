/** Roll-up: what is kept of readings that retention has taken away. One summary per hour (UTC) that had readings. */
import { decodeChunk, encodeChunk } from './chunk-codec.ts';
import { BAD, countBelow, type SeriesColumns } from './columns.ts';
import { DamageError } from './damage.ts';
import { isSummary, type Summary, summarise } from './summary.ts';

export interface Hour extends Summary {
  /** Of its first reading, epoch ms. */
  readonly ts: number;
}

const HOUR_MS = 3_600_000;
const FIELDS = ['good', 'min', 'max', 'sum', 'last'] as const;
const LENGTH_BYTES = 4;

export function toHours(columns: SeriesColumns): Hour[] {
  const hours: Hour[] = [];
  for (let from = 0; from < columns.count; ) {
    const ts = columns.ts[from] ?? 0;
    const to = countBelow(columns, (Math.floor(ts / HOUR_MS) + 1) * HOUR_MS);
    hours.push({ ts, ...summarise(columns, from, to) });
    from = to;
  }
  return hours;
}

/** One chunk per field, each with its length before it. */
export function encodeHours(hours: readonly Hour[]): Uint8Array {
  const ts = Float64Array.from(hours, (hour) => hour.ts);
  const quality = Uint8Array.from(hours, ({ good }) => (good === 0 ? BAD : 0));
  const parts = FIELDS.map((field) => {
    const value = Float64Array.from(hours, (hour) => hour[field]);
    return encodeChunk({ count: hours.length, ts, value, quality });
  });
  return Buffer.concat(parts.flatMap((part) => [lengthOf(part), part]));
}

/** As total as `decodeChunk`: hours of the shape that was written, or a DamageError. */
export function decodeHours(data: Uint8Array): Hour[] {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  let at = 0;
  const columns = FIELDS.map(() => {
    if (at + LENGTH_BYTES > data.length) throw new DamageError('it ends before its last field');
    const length = view.getUint32(at, true);
    at += LENGTH_BYTES + length;
    if (at > data.length) throw new DamageError(`a field of ${length} bytes does not fit`);
    return decodeChunk(data.subarray(at - length, at));
  });
  if (at !== data.length) throw new DamageError(`it has ${data.length} bytes instead of ${at}`);
  const [first, ...others] = columns;
  if (!first || !others.every((other) => isOfSameHours(first, other)))
    throw new DamageError('its fields are of different hours');
  return hoursOf(columns);
}

function isOfSameHours(a: SeriesColumns, b: SeriesColumns): boolean {
  return a.count === b.count && a.ts.every((ts, i) => ts === b.ts[i] && a.quality[i] === b.quality[i]);
}

function hoursOf([good, min, max, sum, last]: readonly SeriesColumns[]): Hour[] {
  return Array.from(good?.ts ?? [], (ts, i) => {
    if (good?.quality[i] === BAD) return { ts, good: 0, min: 0, max: 0, sum: 0, last: 0 };
    const field = (columns: SeriesColumns | undefined): number => columns?.value[i] ?? 0;
    const hour = { ts, good: field(good), min: field(min), max: field(max), sum: field(sum), last: field(last) };
    if (!isSummary(hour)) throw new DamageError('an hour ends outside its own minimum and maximum');
    return hour;
  });
}

function lengthOf(part: Uint8Array): Uint8Array {
  const length = new Uint8Array(LENGTH_BYTES);
  new DataView(length.buffer).setUint32(0, part.length, true);
  return length;
}

/** Readings as InfluxDB's line protocol, in the layout of contract 2.8, and back. */
import type { DeviceId, MetricName } from '../../../model/ids.ts';
import type { Reading } from '../../../model/reading.ts';

/** Where a device's readings belong: `kind` is the measurement, and with `device` the `site` is a tag. */
interface Place {
  readonly site: string;
  readonly kind: string;
}

/** Undefined for a device that is not in the plant. */
export type PlaceOf = (device: string) => Place | undefined;

/** Beside the field of a metric, where its quality is not good. */
export const QUALITY_SUFFIX = '_q';
export const UNCERTAIN = 1;
export const BAD = 2;

/** Gives the lines of a group. Readings of one device and time that stand side by side become one point. */
export function createLineWriter(placeOf: PlaceOf): (readings: readonly Reading[]) => string[] {
  const heads = new Map<string, string>();

  function headOf(device: string): string {
    const known = heads.get(device);
    if (known !== undefined) return known;
    const place = placeOf(device);
    if (!place) throw new Error(`device ${device} is not in the plant`);
    // Tags in the order of their names: the server need not sort them.
    const head = `${escapeName(place.kind)},device=${escapeTag(device)},site=${escapeTag(place.site)} `;
    heads.set(device, head);
    return head;
  }

  const fields = new Map<string, string>();

  function fieldOf(metric: string): string {
    const known = fields.get(metric) ?? escapeTag(metric);
    fields.set(metric, known);
    return known;
  }

  return (readings) => {
    const lines: string[] = [];
    let line = '';
    let before: Reading | null = null;
    for (const reading of readings) {
      if (before && before.device === reading.device && before.ts === reading.ts)
        line += `,${toFields(fieldOf(reading.metric), reading)}`;
      else {
        if (before) lines.push(`${line} ${before.ts}`);
        line = headOf(reading.device) + toFields(fieldOf(reading.metric), reading);
      }
      before = reading;
    }
    if (before) lines.push(`${line} ${before.ts}`);
    return lines;
  };
}

/** Numbers without a suffix are floats, whole ones too: a field's type is settled by its first value. */
function toFields(field: string, { value, quality }: Reading): string {
  if (value === null) return `${field}${QUALITY_SUFFIX}=${BAD}`;
  return quality === 'good' ? `${field}=${value}` : `${field}=${value},${field}${QUALITY_SUFFIX}=${UNCERTAIN}`;
}

/** A measurement's name. */
function escapeName(text: string): string {
  return text.replace(/[, \\]/g, '\\$&');
}

/** The key or value of a tag, or a field's name. */
function escapeTag(text: string): string {
  return text.replace(/[,= \\]/g, '\\$&');
}

/** Of lines that `createLineWriter` made. */
export function parseLine(line: string): Reading[] {
  const [head = '', fields = '', ts = ''] = split(line, ' ');
  const [, deviceTag = ''] = split(head, ',');
  const device = plain(deviceTag.slice('device='.length)) as DeviceId;
  const values = new Map(
    split(fields, ',').map((field) => {
      const [name = '', value = ''] = split(field, '=');
      return [plain(name), Number(value)];
    }),
  );
  const readings: Reading[] = [];
  for (const [name, value] of values) {
    const isQuality = name.endsWith(QUALITY_SUFFIX);
    const metric = (isQuality ? name.slice(0, -QUALITY_SUFFIX.length) : name) as MetricName;
    if (!isQuality) {
      const quality = values.has(metric + QUALITY_SUFFIX) ? 'uncertain' : 'good';
      readings.push({ device, metric, ts: Number(ts), value, quality });
    } else if (value === BAD) readings.push({ device, metric, ts: Number(ts), value: null, quality: 'bad' });
  }
  return readings;
}

/** At separators that are not escaped. */
function split(text: string, separator: string): string[] {
  if (!text.includes('\\')) return text.split(separator);
  const parts = [''];
  for (const piece of text.match(/\\.|[^\\]/gs) ?? []) {
    if (piece === separator) parts.push('');
    else parts.push(parts.pop() + piece);
  }
  return parts;
}

function plain(text: string): string {
  return text.replace(/\\(.)/g, '$1');
}

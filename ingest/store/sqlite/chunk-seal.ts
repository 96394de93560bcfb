/**
 * Checksums of chunks: one over the row, so that an answer from the summary alone is no lie either, and one over the data,
 * which stands behind them and begins with that of the row: data of another row do not pass.
 *
 * The one of the row stands in its last number, the seal: the quality code of the reading at `end` in the lowest two bits,
 * and above them the checksum and 1. A seal of the code alone was written by version 2, without checksums.
 */
import { crc32 } from 'node:zlib';
import { type Chunk, HOURS, READINGS } from './chunk.ts';
import { MAX_COUNT } from './chunk-codec.ts';
import { BAD } from './columns.ts';
import { DamageError, isTs } from './damage.ts';
import { isSummary, type Summary } from './summary.ts';

const CODES = 4;
const CHECKSUMS = 2 ** 32;
const CHECKSUM_BYTES = 4;

const fields = new Float64Array(11);
const fieldBytes = new Uint8Array(fields.buffer);

type Row = Omit<Chunk, 'checksum'>;

export function rowChecksum(series: number, chunk: Row): number {
  fields[0] = series;
  fields[1] = chunk.start;
  fields[2] = chunk.end;
  fields[3] = chunk.kind;
  fields[4] = chunk.count;
  fields[5] = chunk.good;
  fields[6] = asStored(chunk.min);
  fields[7] = asStored(chunk.max);
  fields[8] = asStored(chunk.sum);
  fields[9] = asStored(chunk.last);
  fields[10] = chunk.endQuality;
  return crc32(fieldBytes);
}

/** SQLite keeps neither the sign of 0 nor a NaN, which a sum of very large numbers can be. */
function asStored(number: number): number {
  return Number.isNaN(number) ? 0 : number + 0;
}

export function toSeal(checksum: number, endQuality: number): number {
  return (checksum + 1) * CODES + endQuality;
}

/** `checksum` is null where the row was written without, and NaN where no program wrote the seal. */
export function fromSeal(seal: number): Pick<Chunk, 'checksum' | 'endQuality'> {
  const endQuality = seal % CODES;
  const checksum = (seal - endQuality) / CODES - 1;
  if (checksum === -1) return { checksum: null, endQuality };
  return { checksum: checksum >= 0 && checksum < CHECKSUMS ? checksum : Number.NaN, endQuality };
}

/** The data as they are stored. */
export function sealData(data: Uint8Array, checksum: number): Uint8Array {
  const sealed = new Uint8Array(data.length + CHECKSUM_BYTES);
  sealed.set(data);
  new DataView(sealed.buffer).setUint32(data.length, crc32(data, checksum), true);
  return sealed;
}

/** What `sealData` was given, or a DamageError. */
export function unsealData(sealed: Uint8Array, checksum: number): Uint8Array {
  const length = sealed.length - CHECKSUM_BYTES;
  if (length < 0) throw new DamageError('it has no checksum');
  const data = sealed.subarray(0, length);
  const stored = new DataView(sealed.buffer, sealed.byteOffset).getUint32(length, true);
  if (stored !== crc32(data, checksum)) throw new DamageError('its data do not fit their checksum');
  return data;
}

/** What is wrong with a row, as a sentence, or null. */
export function faultOfRow(series: number, chunk: Chunk): string | null {
  if (chunk.checksum !== null) {
    return chunk.checksum === rowChecksum(series, chunk) ? null : 'its row does not fit its checksum';
  }
  const { start, end, kind, count, good, endQuality } = chunk;
  const fits =
    isTs(start) &&
    isTs(end) &&
    start <= end &&
    (kind === READINGS || kind === HOURS) &&
    Number.isInteger(count) &&
    count > 0 &&
    count <= MAX_COUNT &&
    good <= count &&
    isSummary(chunk) &&
    endQuality <= BAD;
  return fits ? null : 'its row cannot be of readings';
}

/** Whether both are of the same readings; `sum` is added up in another order where hours are between. */
export function isSameSummary(a: Summary, b: Summary, { isSumExact }: { readonly isSumExact: boolean }): boolean {
  const same = (x: number, y: number): boolean => asStored(x) === asStored(y);
  if (a.good !== b.good) return false;
  if (a.good === 0) return true;
  const slack = isSumExact ? 0 : 1e-9 * a.good * Math.max(Math.abs(a.min), Math.abs(a.max));
  const isNear = same(a.sum, b.sum) || Math.abs(a.sum - b.sum) <= slack;
  return same(a.min, b.min) && same(a.max, b.max) && same(a.last, b.last) && isNear;
}

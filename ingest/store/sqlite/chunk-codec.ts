/**
 * Readings of one series as few bytes, and back bit for bit. Devices measure at a steady pace and with few digits, so times
 * are stored as changes of their distance and values as changes of a decimal integer, both as varints with runs of zeros
 * folded; values that are no short decimals are stored as the bytes in which they differ from the one before.
 *
 * Layout: count, times, qualities as (code, run) pairs, a byte for how the values are stored, the values that are not bad.
 *
 * Decoding is total: of any bytes it makes columns of the shape that was written, or throws a DamageError. What bounds its
 * work is the count, which is checked first; a read behind the end gives 0 and is found when all has been read.
 */
import { BAD, type SeriesColumns } from './columns.ts';
import { DamageError, isTs } from './damage.ts';
import { QUALITY_CODES } from './protocol.ts';

/** Where a chunk is read or written. */
interface Cursor {
  bytes: Uint8Array;
  at: number;
}

/** Stored codes: never renumber. 0 to 9: decimals, first differences; 16 to 25: second differences. */
const SECOND_DIFFERENCES = 16;
const XOR = 32;
const MAX_DIGITS = 9;
/** Zigzag of a second difference of two such integers is still exact. */
const MAX_INTEGER = 2 ** 49;
/** More than any reading takes: a time of 8 bytes, a quality of 6, a value of 9. */
const MAX_BYTES_PER_READING = 24;
/** More than a chunk ever holds: what says more is damaged, and gets no memory. */
export const MAX_COUNT = 65_536;
/** Seven bits each: enough for 2^53. */
const MAX_VARINT_BYTES = 8;

let scratch = new Uint8Array(64 * 1024);

export function encodeChunk(columns: SeriesColumns): Uint8Array {
  const enough = columns.count * MAX_BYTES_PER_READING + 64;
  if (scratch.length < enough) scratch = new Uint8Array(enough);
  const out: Cursor = { bytes: scratch, at: 0 };
  putVarint(out, columns.count);
  putDifferences(out, columns.ts.subarray(0, columns.count), 2);
  putQualities(out, columns);
  putValues(out, goodValues(columns));
  return out.bytes.slice(0, out.at);
}

export function decodeChunk(data: Uint8Array): SeriesColumns {
  const source: Cursor = { bytes: data, at: 0 };
  const count = getVarint(source);
  if (count > MAX_COUNT) throw new DamageError(`it says that it holds ${count} readings`);
  const columns = {
    count,
    ts: new Float64Array(count),
    value: new Float64Array(count),
    quality: new Uint8Array(count),
  };
  getDifferences(source, columns.ts, 2);
  expectTimes(columns.ts);
  const good = getQualities(source, columns.quality);
  getValues(source, columns, good);
  if (source.at !== data.length) throw new DamageError(`it has ${data.length} bytes instead of ${source.at}`);
  return columns;
}

function expectTimes(ts: Float64Array): void {
  if (ts.length === 0) return;
  let previous = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < ts.length; i++) {
    const time = ts[i] ?? 0;
    if (!(time > previous)) throw new DamageError('its times are not in order');
    previous = time;
  }
  // In order, and whole numbers, since their differences are: so the two ends speak for all.
  if (!isTs(ts[0]) || !isTs(previous)) throw new DamageError('its times are out of range');
}

function putQualities(out: Cursor, { quality, count }: SeriesColumns): void {
  for (let i = 0; i < count; ) {
    const code = quality[i] ?? 0;
    let run = 1;
    while (i + run < count && quality[i + run] === code) run++;
    putVarint(out, code);
    putVarint(out, run);
    i += run;
  }
}

/** Gives how many have a value. */
function getQualities(source: Cursor, quality: Uint8Array): number {
  let good = quality.length;
  for (let i = 0; i < quality.length; ) {
    const code = getVarint(source);
    const run = getVarint(source);
    if (code >= QUALITY_CODES.length) throw new DamageError(`there is no quality ${code}`);
    if (run === 0 || run > quality.length - i) throw new DamageError(`a run of ${run} qualities does not fit`);
    quality.fill(code, i, i + run);
    if (code === BAD) good -= run;
    i += run;
  }
  return good;
}

function goodValues({ value, quality, count }: SeriesColumns): Float64Array {
  const good = new Float64Array(count);
  let n = 0;
  for (let i = 0; i < count; i++) if (quality[i] !== BAD) good[n++] = value[i] ?? 0;
  return good.subarray(0, n);
}

function putValues(out: Cursor, values: Float64Array): void {
  const digits = decimalDigits(values);
  if (digits === null) {
    out.bytes[out.at++] = XOR;
    putXor(out, values);
    return;
  }
  const power = 10 ** digits;
  const integers = values.map((value) => Math.round(value * power));
  // A counter grows steadily: its steps change less than itself.
  const order = sizeOfDifferences(integers, 2) < sizeOfDifferences(integers, 1) ? 2 : 1;
  out.bytes[out.at++] = order === 2 ? SECOND_DIFFERENCES + digits : digits;
  putDifferences(out, integers, order);
}

function getValues(source: Cursor, columns: SeriesColumns, good: number): void {
  if (good === columns.count) {
    getGood(source, columns.value);
    return;
  }
  const values = new Float64Array(good);
  getGood(source, values);
  let next = 0;
  for (let i = 0; i < columns.count; i++) {
    columns.value[i] = columns.quality[i] === BAD ? Number.NaN : (values[next++] ?? 0);
  }
}

function getGood(source: Cursor, values: Float64Array): void {
  const mode = source.bytes[source.at++] ?? 0;
  if (mode === XOR) {
    getXor(source, values);
    return;
  }
  if (mode % SECOND_DIFFERENCES > MAX_DIGITS || mode >= 2 * SECOND_DIFFERENCES)
    throw new DamageError(`values are not stored in way ${mode}`);
  getDifferences(source, values, mode >= SECOND_DIFFERENCES ? 2 : 1);
  const power = 10 ** (mode % SECOND_DIFFERENCES);
  if (power > 1) for (let i = 0; i < values.length; i++) values[i] = (values[i] ?? 0) / power;
}

/** The fewest decimal digits that give every value back exactly, or null. */
function decimalDigits(values: Float64Array): number | null {
  let digits = 0;
  let power = 1;
  let largest = 0;
  for (const value of values) {
    largest = Math.max(largest, Math.abs(value));
    // The quotient of two exact integers is the double nearest to that decimal: with more digits it stays the same.
    // (-0, whose sign an integer loses, is none of them.)
    while (!Object.is((Math.round(value * power) + 0) / power, value)) {
      if (++digits > MAX_DIGITS) return null;
      power *= 10;
    }
    // Of all so far, for the digits may have become more since.
    if (!(largest * power <= MAX_INTEGER)) return null;
  }
  return digits;
}

/** Differences of first or second order, the first element as its difference from 0; a run of zeros as 0 and its length. */
function putDifferences(out: Cursor, integers: Float64Array, order: 1 | 2): void {
  let previous = 0;
  let step = 0;
  let zeros = 0;
  for (let i = 0; i < integers.length; i++) {
    const integer = integers[i] ?? 0;
    const difference = integer - previous - step;
    if (order === 2 && i > 0) step = integer - previous;
    previous = integer;
    if (difference === 0) {
      zeros++;
      continue;
    }
    if (zeros > 0) putZeros(out, zeros);
    zeros = 0;
    putVarint(out, zigzag(difference));
  }
  if (zeros > 0) putZeros(out, zeros);
}

function putZeros(out: Cursor, zeros: number): void {
  putVarint(out, 0);
  putVarint(out, zeros);
}

function getDifferences(source: Cursor, integers: Float64Array, order: 1 | 2): void {
  let previous = 0;
  let step = 0;
  for (let i = 0; i < integers.length; ) {
    const token = getVarint(source);
    if (token === 0) {
      const end = i + getRun(source, integers.length - i);
      for (; i < end; i++) {
        previous += step;
        integers[i] = previous;
      }
      continue;
    }
    const integer = previous + step + (token % 2 === 0 ? token / 2 : -(token + 1) / 2);
    if (order === 2 && i > 0) step = integer - previous;
    previous = integer;
    integers[i++] = integer;
  }
}

function getRun(source: Cursor, longest: number): number {
  const run = getVarint(source);
  if (run === 0 || run > longest) throw new DamageError(`a run of ${run} does not fit`);
  return run;
}

/** In bytes; runs of zeros counted as nothing, which is near enough to choose by. */
function sizeOfDifferences(integers: Float64Array, order: 1 | 2): number {
  let previous = 0;
  let step = 0;
  let size = 0;
  for (let i = 0; i < integers.length; i++) {
    const integer = integers[i] ?? 0;
    size += sizeOf(Math.abs(integer - previous - step));
    if (order === 2 && i > 0) step = integer - previous;
    previous = integer;
  }
  return size;
}

function sizeOf(difference: number): number {
  if (difference === 0) return 0;
  if (difference < 2 ** 6) return 1;
  if (difference < 2 ** 13) return 2;
  return difference < 2 ** 20 ? 3 : 5;
}

const double = new Float64Array(1);
const doubleBytes = new Uint8Array(double.buffer);
const before = new Uint8Array(8);

/** Per value a byte (leading equal bytes, length) and the bytes between the first and the last that differ. */
function putXor(out: Cursor, values: Float64Array): void {
  before.fill(0);
  for (const value of values) {
    double[0] = value;
    // Little-endian, as every platform of Node: the sign and exponent are at the end.
    let high = 8;
    while (high > 0 && doubleBytes[high - 1] === before[high - 1]) high--;
    let low = 0;
    while (low < high && doubleBytes[low] === before[low]) low++;
    out.bytes[out.at++] = (low << 4) | (high - low);
    for (let i = low; i < high; i++) out.bytes[out.at++] = doubleBytes[i] ?? 0;
    before.set(doubleBytes);
  }
}

function getXor(source: Cursor, values: Float64Array): void {
  doubleBytes.fill(0);
  for (let i = 0; i < values.length; i++) {
    const control = source.bytes[source.at++] ?? 0;
    const low = control >> 4;
    const high = low + (control & 0x0f);
    if (high > doubleBytes.length) throw new DamageError(`a number has ${high} bytes`);
    for (let b = low; b < high; b++) doubleBytes[b] = source.bytes[source.at++] ?? 0;
    const value = double[0] ?? 0;
    if (Number.isNaN(value)) throw new DamageError('a value is no number');
    values[i] = value;
  }
}

function zigzag(integer: number): number {
  return integer >= 0 ? integer * 2 : -integer * 2 - 1;
}

/** 0 to 2^53. */
function putVarint(out: Cursor, integer: number): void {
  let rest = integer;
  while (rest >= 0x80) {
    out.bytes[out.at++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  out.bytes[out.at++] = rest;
}

function getVarint(source: Cursor): number {
  const first = source.bytes[source.at++] ?? 0;
  if (first < 0x80) return first;
  let integer = first & 0x7f;
  let unit = 0x80;
  for (let length = 2; length <= MAX_VARINT_BYTES; length++) {
    const byte = source.bytes[source.at++] ?? 0;
    integer += (byte & 0x7f) * unit;
    if (byte < 0x80) return integer;
    unit *= 0x80;
  }
  throw new DamageError('a number has no end');
}

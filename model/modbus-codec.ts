/**
 * Registers and what they mean. A value is as exact as its registers: 123 x 0.1 is 12.3, and a float32 is the shortest
 * decimal that names it. Integers beyond 2^53 become the nearest double.
 */
import {
  type ByteOrder,
  type RegisterField,
  type RegisterPart,
  type RegisterType,
  type Span,
  WORDS,
} from './register-map.ts';

/** What was read: words, or bits as 0 and 1. */
export interface Block extends Pick<Span, 'table' | 'address'> {
  readonly cells: ArrayLike<number>;
}

/** Null: there is no reading, by the device's own word or since it cannot be one. */
export type FieldValue = number | boolean | null;

const scratch = new DataView(new ArrayBuffer(8));

/** The value of a field in a block that holds all of it. */
export function decodeField(field: RegisterField, block: Block): FieldValue {
  let raw = 0;
  for (const part of field.parts) {
    const words = cellsOf(part, block);
    if (saysNothing(field, part, words)) return null;
    raw += decodeWords(words, part);
  }
  if (Number.isNaN(raw) || raw < field.rawMin || raw > field.rawMax) return null;
  if (field.parts[0]?.type === 'bool') return (raw !== 0) !== field.isInverted;
  const value = scaled(raw, field);
  return Number.isFinite(value) ? value : null;
}

/**
 * The cells that hold a value, from the field's address on: the exact inverse of `decodeField`. Where the registers can
 * say "no reading", null is said so; null where they cannot.
 */
export function encodeField(field: RegisterField, value: FieldValue): number[] | null {
  const cells: number[] = Array.from({ length: field.count }, () => 0);
  const raws = value === null ? rawOfNothing(field) : rawsOf(field, value);
  if (!raws) return null;
  field.parts.forEach((part, i) => {
    const words = encodeWords(raws[i] ?? 0, part);
    words.forEach((word, k) => {
      cells[part.address - field.address + k] = word;
    });
  });
  return cells;
}

/** The number in the words of one part; NaN where a float is none. */
export function decodeWords(words: ArrayLike<number>, part: Omit<RegisterPart, 'address'>): number {
  const { type, mask } = part;
  const at = load(words, part);
  switch (type) {
    case 'bool':
      return ((words[0] ?? 0) & (mask ?? 0xffff)) === 0 ? 0 : 1;
    case 'uint16':
      return mask === null ? scratch.getUint16(at) : ((words[0] ?? 0) & mask) / lowestBit(mask);
    case 'int16':
      return scratch.getInt16(at);
    case 'uint32':
      return scratch.getUint32(at);
    case 'int32':
      return scratch.getInt32(at);
    case 'uint64':
      return Number(scratch.getBigUint64(at));
    case 'int64':
      return Number(scratch.getBigInt64(at));
    case 'float32':
      return shortestFloat32(scratch.getFloat32(at));
    case 'float64':
      return scratch.getFloat64(at);
  }
}

/** The words of a raw number; one that does not fit is the nearest that does. */
export function encodeWords(raw: number, { type, order, mask }: Omit<RegisterPart, 'address'>): number[] {
  if (type === 'bool') return [raw === 0 ? 0 : (mask ?? 1)];
  if (mask !== null) return [(Math.round(raw) * lowestBit(mask)) & mask];
  store(raw, type);
  const count = WORDS[type];
  const words = Array.from({ length: count }, (_, i) => scratch.getUint16(2 * i));
  return arranged(words, order);
}

/** The words of one part out of a block. */
function cellsOf({ address, type }: RegisterPart, block: Block): number[] {
  const from = address - block.address;
  return Array.from({ length: WORDS[type] }, (_, i) => {
    const cell = block.cells[from + i];
    if (cell === undefined) throw new RangeError(`register ${address + i} is not in the block`);
    return cell;
  });
}

/** Whether the device itself says that there is no reading; compared bit by bit, so 0xFFFFFFFF stands for -1 too. */
function saysNothing({ errorValue, unsupportedValue }: RegisterField, part: RegisterPart, words: number[]): boolean {
  if (errorValue === null && unsupportedValue === null) return false;
  const said = arranged(words, part.order).join();
  return [errorValue, unsupportedValue].some(
    (value) => value !== null && wordsOfPattern(value, part.type).join() === said,
  );
}

/** `errorValue` as big-endian words. */
function wordsOfPattern(value: number, type: RegisterType): number[] {
  if (type.startsWith('float')) return encodeWords(value, { type, order: 'ABCD', mask: null });
  const bits = BigInt.asUintN(16 * WORDS[type], BigInt(value));
  return Array.from({ length: WORDS[type] }, (_, i) => Number((bits >> BigInt(16 * (WORDS[type] - 1 - i))) & 0xffffn));
}

function rawOfNothing({ parts, errorValue, unsupportedValue }: RegisterField): number[] | null {
  const said = errorValue ?? unsupportedValue;
  if (said !== null)
    return parts.map(({ type }) => decodeWords(wordsOfPattern(said, type), { type, order: 'ABCD', mask: null }));
  return parts.some(({ type }) => type.startsWith('float')) ? parts.map(() => Number.NaN) : null;
}

function rawsOf(field: RegisterField, value: number | boolean): number[] {
  const { parts, scale, offset, isInverted, rollsOverAt } = field;
  if (parts[0]?.type === 'bool') return [Boolean(value) === isInverted ? 0 : 1];
  const above = Number(value) - offset;
  const raw = (rollsOverAt === null ? above : modulo(above, rollsOverAt)) / scale;
  // An integer is rounded when it is stored; a float that was not scaled is what it was.
  const isExact = !parts[0]?.type.startsWith('float') || (scale === 1 && offset === 0);
  if (parts.length === 1) return [isExact ? raw : healed(raw)];
  const whole = Math.trunc(healed(raw));
  return [whole, healed(healed(raw) - whole)];
}

function scaled(raw: number, { scale, offset }: RegisterField): number {
  if (scale === 1 && offset === 0) return raw;
  const value = raw * scale + offset;
  if (!Number.isInteger(raw)) return healed(value);
  const places = Math.max(decimalPlaces(scale), decimalPlaces(offset));
  return places <= 15 ? Number(value.toFixed(places)) : healed(value);
}

/** Without the last digit of a double, where binary fractions leave their dirt. */
function healed(value: number): number {
  return Number.isFinite(value) ? Number(value.toPrecision(15)) : value;
}

/** 0.01 has two. */
function decimalPlaces(value: number): number {
  const [digits = '', exponent = '0'] = String(value).split('e');
  return Math.max(0, (digits.split('.')[1]?.length ?? 0) - Number(exponent));
}

function shortestFloat32(value: number): number {
  // Zero has two signs, and no digits by which to tell them.
  if (value === 0 || !Number.isFinite(value)) return value;
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return Number(value.toPrecision(9));
}

function modulo(value: number, by: number): number {
  const rest = value % by;
  // Adding to what is not negative would cost it digits.
  return rest < 0 ? rest + by : rest;
}

function lowestBit(mask: number): number {
  return mask & -mask;
}

/** Puts the words in place, most significant byte first; says where they begin. */
function load(words: ArrayLike<number>, { type, order }: Pick<RegisterPart, 'type' | 'order'>): number {
  const count = WORDS[type];
  const isLowFirst = order === 'CDAB' || order === 'DCBA';
  const isSwapped = order === 'BADC' || order === 'DCBA';
  for (let i = 0; i < count; i++) {
    scratch.setUint16(2 * i, words[isLowFirst ? count - 1 - i : i] ?? 0, isSwapped);
  }
  return 0;
}

/** From the wire's order to big-endian, and back: each order is its own inverse. */
function arranged(words: readonly number[], order: ByteOrder): number[] {
  const isSwapped = order === 'BADC' || order === 'DCBA';
  const swapped = isSwapped ? words.map((word) => ((word & 0xff) << 8) | (word >> 8)) : [...words];
  return order === 'CDAB' || order === 'DCBA' ? swapped.reverse() : swapped;
}

function store(raw: number, type: RegisterType): void {
  if (type === 'float32') scratch.setFloat32(0, raw);
  else if (type === 'float64') scratch.setFloat64(0, raw);
  else {
    const bits = 16 * WORDS[type];
    const isSigned = type.startsWith('int');
    const [low, high] = isSigned
      ? [-(2n ** BigInt(bits - 1)), 2n ** BigInt(bits - 1) - 1n]
      : [0n, 2n ** BigInt(bits) - 1n];
    const whole = BigInt(Number.isFinite(raw) ? Math.round(raw) : 0);
    const fitting = whole < low ? low : whole > high ? high : whole;
    scratch.setBigUint64(0, BigInt.asUintN(bits, fitting) << BigInt(64 - bits));
  }
}

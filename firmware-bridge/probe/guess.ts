/** What words may mean: every type, order and address base, ranked by how well the value fits what a person sees (pure). */
import { decodeField } from '../../model/modbus-codec.ts';
import {
  BYTE_ORDERS,
  type ByteOrder,
  ORDERS_OF_ONE,
  type RegisterField,
  type RegisterType,
  WORDS,
} from '../../model/register-map.ts';

export interface Guess {
  /** Zero-based, as on the wire. */
  readonly address: number;
  /** The number by which the manual's first register goes. */
  readonly base: 0 | 1;
  readonly type: RegisterType;
  readonly order: ByteOrder;
  readonly scale: number;
  /** As a profile with this type, order and scale reads it. */
  readonly value: number;
}

/** What is known of the value: read off the display, or only between which bounds it must lie. */
export type Hint =
  | { readonly kind: 'expect'; readonly value: number; readonly digits: number }
  | { readonly kind: 'range'; readonly min: number; readonly max: number };

/** The likelier, the earlier: what makers build, as far as our profiles show. */
const TYPES: readonly RegisterType[] = ['float32', 'uint32', 'int32', 'uint16', 'int16', 'float64', 'int64', 'uint64'];
/** 1; decimals; kW, L/s, m3/s and L/min to our units. */
const SCALES: readonly number[] = [1, 0.1, 0.01, 0.001, 1000, 3.6, 3600, 0.06];
/** Of what was read off: the display may lag behind. */
const TOLERANCE = 0.01;

/** `cells` by wire address; `address` as the manual gives it. The best first. */
export function rankGuesses(cells: ReadonlyMap<number, number>, address: number, hint: Hint): Guess[] {
  return candidates(cells, address, hint.kind === 'expect' ? SCALES : [1])
    .map((guess) => ({ guess, misfit: misfitOf(guess, hint) }))
    .filter(({ misfit }) => misfit !== null)
    .sort((a, b) => Number(a.misfit) - Number(b.misfit) || oddness(a.guess) - oddness(b.guess))
    .map(({ guess }) => guess);
}

function candidates(cells: ReadonlyMap<number, number>, address: number, scales: readonly number[]): Guess[] {
  // Most manuals count from 1.
  const places = ([1, 0] as const).flatMap((base) => TYPES.map((type) => ({ address: address - base, base, type })));
  return places.flatMap((place) => {
    const words = Array.from({ length: WORDS[place.type] }, (_, i) => cells.get(place.address + i));
    if (words.includes(undefined)) return [];
    const orders = words.length === 1 ? ORDERS_OF_ONE : BYTE_ORDERS;
    return orders.flatMap((order) => scales.flatMap((scale) => valued({ ...place, order, scale }, words as number[])));
  });
}

/** None where the words are no number in that reading. */
function valued(guess: Omit<Guess, 'value'>, cells: readonly number[]): Guess[] {
  const value = decodeField(fieldOf(guess), { table: 'holding', address: guess.address, cells });
  return typeof value === 'number' ? [{ ...guess, value }] : [];
}

/** The field of a profile that is read so. */
export function fieldOf({ address, type, order, scale }: Omit<Guess, 'value'>): RegisterField {
  return {
    ...{ metric: '', table: 'holding', address, count: WORDS[type], parts: [{ address, type, order, mask: null }] },
    ...{ scale, offset: 0, isInverted: false, errorValue: null, unsupportedValue: null },
    ...{ rawMin: Number.NEGATIVE_INFINITY, rawMax: Number.POSITIVE_INFINITY, rollsOverAt: null, poll: 'normal' },
  };
}

/** A single word as the standard says has no order to be named. */
export function isPlainWord({ type, order }: Pick<Guess, 'type' | 'order'>): boolean {
  return WORDS[type] === 1 && order === 'ABCD';
}

/** 0: as on the display, to its last digit; more: further off. Null: it does not fit. */
function misfitOf({ value, type }: Guess, hint: Hint): number | null {
  if (hint.kind === 'expect') {
    const off = Math.abs(value - hint.value);
    if (off <= 0.5 * 10 ** -hint.digits * (1 + 1e-9)) return 0;
    const share = off / Math.max(Math.abs(hint.value), 1e-9);
    return share <= TOLERANCE ? 1 + share : null;
  }
  if (value < hint.min || value > hint.max) return null;
  // Zero fits everywhere, and a float of 1e-38 is one that was read in a wrong order.
  if (value === 0) return 2;
  if (type.startsWith('float')) return Math.abs(value) < 1e-4 ? null : 0;
  return 1;
}

function oddness({ base, type, order, scale }: Guess): number {
  const orders: readonly ByteOrder[] = ['ABCD', 'CDAB', 'DCBA', 'BADC'];
  return SCALES.indexOf(scale) * 100 + orders.indexOf(order) * 20 + TYPES.indexOf(type) * 2 + (base === 1 ? 0 : 30);
}

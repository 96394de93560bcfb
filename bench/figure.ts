/** One measured figure with its bar. Of several repeats the median counts, and all of them are told. */
import { median } from './statistics.ts';

export interface Bar {
  readonly text: string;
  readonly isMet: (value: number) => boolean;
}

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly bar: string;
  readonly isMet: boolean;
  readonly repeats: readonly number[];
}

export const below = (limit: number): Bar => ({ text: `< ${limit}`, isMet: (value) => value < limit });
export const atMost = (limit: number): Bar => ({ text: `<= ${rounded(limit)}`, isMet: (value) => value <= limit });
export const atLeast = (limit: number): Bar => ({ text: `>= ${limit}`, isMet: (value) => value >= limit });
export const above = (limit: number): Bar => ({ text: `> ${limit}`, isMet: (value) => value > limit });
export const exactly = (wanted: number): Bar => ({ text: `= ${wanted}`, isMet: (value) => value === wanted });
/** Told, not judged. */
export const noBar: Bar = { text: '-', isMet: () => true };

/** `name`, its unit and bar, and what was measured; a figure that could not be measured misses every bar but none. */
export function figure(
  [name, unit]: readonly [string, string],
  bar: Bar,
  measured: number | readonly number[],
): Figure {
  const repeats = typeof measured === 'number' ? [measured] : measured;
  const value = median(repeats);
  return { name, value: rounded(value), unit, bar: bar.text, isMet: bar.isMet(value), repeats: repeats.map(rounded) };
}

/** Four digits are more than any of these figures repeats; whole numbers, which may be counts, stay as they are. */
function rounded(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(4));
}

/** A figure as people write it in a rule: `0.2`, `0.2 mg/L`, or from what the plant file says of the reservoir, `overflowM - 0.1 m`. */
import { z } from 'zod';
import type { ConfigFault } from './fault.ts';
import type { Asset } from './plant.ts';

const FACTS = ['fireReserveM', 'overflowM'] as const;

export interface Quantity {
  /** What the value is added to; null: the value stands alone. */
  readonly fact: (typeof FACTS)[number] | null;
  readonly value: number;
  /** Null: taken to be the metric's. */
  readonly unit: string | null;
}

const NUMBER = String.raw`\d+(?:\.\d+)?(?:e[+-]?\d+)?`;
const UNIT = String.raw`[^\s\d+-]\S*`;
const PATTERN = new RegExp(
  `^(?:(?<fact>${FACTS.join('|')})(?:\\s*(?<sign>[+-])\\s*(?<by>${NUMBER})(?:\\s*(?<byUnit>${UNIT}))?)?|(?<alone>-?${NUMBER})(?:\\s*(?<unit>${UNIT}))?)$`,
);

const EXPECTED = `expected a number, with its unit or without, or ${FACTS.join(' or ')} with what to add, as in "overflowM - 0.1 m"`;

/** Units that are written in more than one way. */
const SAME_UNIT: Readonly<Record<string, string>> = {
  '°C': 'degC',
  C: 'degC',
  'm³': 'm3',
  'm³/h': 'm3/h',
  'mg/l': 'mg/L',
};

function parseQuantity(raw: number | string): Quantity | null {
  if (typeof raw === 'number') return { fact: null, value: raw, unit: null };
  const parts = PATTERN.exec(raw.trim())?.groups;
  if (!parts) return null;
  const { fact, sign, by = '0', byUnit, alone, unit } = parts;
  if (fact === undefined) return { fact: null, value: Number(alone), unit: unit ?? null };
  return {
    fact: fact as Quantity['fact'],
    value: sign === '-' ? -Number(by) : Number(by),
    unit: byUnit ?? (fact.endsWith('M') ? 'm' : null),
  };
}

export const quantitySchema = z.union([z.number(), z.string()], EXPECTED).transform((raw, context): Quantity => {
  const quantity = parseQuantity(raw);
  if (quantity) return quantity;
  context.addIssue({ code: 'custom', message: EXPECTED, input: raw });
  return z.NEVER;
});

/** What is wrong with its unit, where the metric's is `unit`. */
export function unitFault(quantity: Quantity | undefined, unit: string): Pick<ConfigFault, 'message'> | null {
  if (!quantity || quantity.unit === null) return null;
  const said = SAME_UNIT[quantity.unit] ?? quantity.unit;
  const known = SAME_UNIT[unit] ?? unit;
  if (said === known) return null;
  return { message: `expected ${unit === '' ? 'no unit' : unit} (got ${quantity.unit})` };
}

/** The figure for one asset; null where that says nothing of the fact. */
export function quantityFor(quantity: Quantity, asset: Asset | undefined): number | null {
  const { fact, value } = quantity;
  if (fact === null) return value;
  const base = asset?.kind === 'reservoir' ? asset[fact] : undefined;
  // Sums of decimals such as 3.8 - 0.1 are to be what people would write.
  return base === undefined ? null : Number((base + value).toFixed(9));
}

import type { en } from './en.ts';

/** Forms of a counted phrase by the language's plural rule; Kyrgyz needs only `other`. */
export type Counted = Partial<Record<Intl.LDMLPluralRule, string>> & { readonly other: string };

export type TextKey = keyof typeof en.text;
export type CountKey = keyof typeof en.count;
export type MetricKey = keyof typeof en.metric;
export type UnitKey = keyof typeof en.unit;

/** What every language must have: a missing phrase does not compile. */
export interface Catalogue {
  readonly text: Readonly<Record<TextKey, string>>;
  readonly count: Readonly<Record<CountKey, Counted>>;
  readonly metric: Readonly<Record<MetricKey, string>>;
  readonly unit: Readonly<Record<UnitKey, string>>;
}

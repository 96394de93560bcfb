/** What an alarm says to people: by rule, in three languages, without an inserted word (contract 1.4). */
import { z } from 'zod';

const missing = (what: string) => (issue: { readonly input?: unknown }) =>
  issue.input === undefined ? `expected ${what}` : undefined;

const line = z
  .string({ error: missing('the text in this language') })
  .trim()
  .min(1, 'expected some text');

export const textSchema = z.strictObject(
  { ky: line, ru: line, en: line },
  { error: missing('a text in each of ky, ru and en') },
);

export type Text = z.output<typeof textSchema>;

export interface RuleTexts {
  /** What is wrong. */
  readonly title: Text;
  /** What it usually comes from. */
  readonly cause: Text;
  /** What happens if nobody does anything. */
  readonly consequence: Text;
  /** What to do. */
  readonly action: Text;
  /** How soon somebody is to act. */
  readonly respondWithinMin: number;
}

const HOUR_MIN = 60;

/** By priority, unless a rule says otherwise (alarm semantics 3e). */
export const RESPOND_WITHIN_MIN = {
  critical: HOUR_MIN / 2,
  high: 4 * HOUR_MIN,
  medium: 48 * HOUR_MIN,
  low: 7 * 24 * HOUR_MIN,
} as const;

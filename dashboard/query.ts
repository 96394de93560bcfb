/** Query strings to queries (contract 3.4). Unknown and broken parameters are named, not guessed around. */
import { z } from 'zod';
import { AGGREGATES, type HistoryQuery } from '../model/history.ts';
import { HttpError } from './http-error.ts';

const DAY_MS = 86_400_000;
const MAX_POINTS = 10_000;

/** A date (UTC), or a time that names its zone: without one it would be the server's, which the caller cannot know. */
const ISO = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2}))?$/;
/** The range of a JavaScript date. */
const MAX_TIME_MS = 8.64e15;

/** Epoch ms or ISO-8601. */
export const time = z.string().transform((text, context) => {
  const ms = ISO.test(text) ? Date.parse(text) : /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Math.abs(ms) <= MAX_TIME_MS) return ms;
  context.addIssue('expected epoch milliseconds, or an ISO-8601 time with its zone');
  return z.NEVER;
});

const seriesSchema = z.strictObject({
  device: z.string(),
  metric: z.string(),
  from: time.optional(),
  to: time.optional(),
});

const historySchema = seriesSchema.extend({
  points: z.coerce.number().int().min(1).max(MAX_POINTS).default(1000),
  aggregate: z.enum(AGGREGATES).default('raw'),
});

const csvSchema = seriesSchema;

const liveSchema = z.strictObject({ site: z.string().optional() });

export function parseHistoryQuery(query: unknown, nowMs: number): HistoryQuery {
  const { from, to, ...rest } = parse(historySchema, query);
  return { ...rest, ...range(from, to, nowMs) };
}

/** A whole series, page by page. */
export function parseCsvQuery(query: unknown, nowMs: number): HistoryQuery {
  const { from, to, ...rest } = parse(csvSchema, query);
  return { ...rest, ...range(from, to, nowMs), points: MAX_POINTS, aggregate: 'raw' };
}

export function parseLiveQuery(query: unknown): { site?: string | undefined } {
  return parse(liveSchema, query);
}

function range(from: number | undefined, to: number | undefined, nowMs: number): { from: number; to: number } {
  // The newest reading may bear this very millisecond, or be a little ahead of our clock.
  const end = to ?? nowMs + 10 * 60_000;
  const start = from ?? (to ?? nowMs) - DAY_MS;
  if (start >= end) throw new HttpError(400, 'bad-query', 'from must lie before to');
  return { from: start, to: end };
}

export function parse<S extends z.ZodType>(schema: S, query: unknown): z.output<S> {
  const result = schema.safeParse(query);
  if (result.success) return result.data;
  const details = result.error.issues.map(({ path, message }) => ({ parameter: path.join('.'), message }));
  const sentence = details.map((d) => (d.parameter ? `${d.parameter}: ${d.message}` : d.message)).join('; ');
  throw new HttpError(400, 'bad-query', sentence, details);
}

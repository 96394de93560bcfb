/** What is asked of the simulator. Every fault of a request is named, none guessed around. */
import { z } from 'zod';
import { parseWith } from '../model/fault.ts';
import { parseSimFault, type SimFault } from '../model/sim-fault.ts';
import { HttpError } from './http-error.ts';
import { time } from './query.ts';

const DAY_S = 86_400;

const bodyTime = z.union([z.number(), time], 'expected epoch milliseconds, or an ISO-8601 time with its zone');
const seconds = z.number('expected seconds').positive('expected more than 0');

/** Metric and sizes stand beside these. */
const faultSchema = z.looseObject({
  kind: z.string('expected a kind of fault'),
  target: z.string('expected what it befalls').min(1, 'expected what it befalls'),
  from: bodyTime.optional(),
  until: bodyTime.optional(),
  forS: seconds.optional(),
});

const paceSchema = z.strictObject({
  speed: z.union([z.number().positive(), z.literal('max')], 'expected a number above 0, or "max"').optional(),
  isPaused: z.boolean('expected true or false').optional(),
  stepS: seconds.max(DAY_S, 'expected a day at most').optional(),
});

export type WantedFault = Omit<SimFault, 'fromMs'> & { readonly fromMs: number | undefined };

export function parseFaultRequest(body: unknown, { id, nowMs }: { id: string; nowMs: number }): WantedFault {
  const { kind, target, from, until, forS, ...raw } = parse(faultSchema, body);
  const fromMs = from ?? nowMs;
  const toMs = forS === undefined ? (until ?? null) : fromMs + Math.round(forS * 1000);
  const parsed = parseSimFault({ id, kind, target, raw, fromMs, toMs });
  const details = parsed.ok ? [] : parsed.faults.map(({ path, message }) => ({ parameter: path.join('.'), message }));
  if (until !== undefined && forS !== undefined)
    details.push({ parameter: 'until', message: 'expected until or forS' });
  else if (toMs !== null && toMs <= fromMs) details.push({ parameter: 'until', message: 'expected a later time' });
  if (!parsed.ok || details.length > 0) throw refused('bad-fault', details);
  return { ...parsed.value, fromMs: from };
}

export function parsePace(body: unknown) {
  const { speed, ...rest } = parse(paceSchema, body);
  return { ...rest, speed: speed === 'max' ? Number.POSITIVE_INFINITY : speed };
}

function parse<S extends z.ZodType>(schema: S, body: unknown): z.output<S> {
  const parsed = parseWith(schema, body ?? {});
  if (parsed.ok) return parsed.value;
  throw refused(
    'bad-body',
    parsed.faults.map(({ path, message }) => ({ parameter: path.join('.'), message })),
  );
}

function refused(code: string, details: readonly { parameter: string; message: string }[]): HttpError {
  const sentence = details
    .map(({ parameter, message }) => (parameter ? `${parameter}: ${message}` : message))
    .join('; ');
  return new HttpError(400, code, sentence, details);
}

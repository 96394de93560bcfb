/** What people ask of alarms and say about them (contract 3.5, 3.10 to 3.12). */
import { z } from 'zod';
import type { AlarmAction, AlarmQuery } from '../model/alarm.ts';
import type { QualityQuestion } from '../model/alarm-quality.ts';
import { PRIORITIES } from '../model/rule.ts';
import { EXCUSES, MAX_EXCUSE_MS, MAX_WORK_MS, type NewWork } from '../model/work.ts';
import { HttpError } from './http-error.ts';
import { parse, time } from './query.ts';

const DAY_MS = 86_400_000;
const MAX_SHELF_MS = 7 * DAY_MS;
const MAX_QUALITY_MS = 100 * DAY_MS;

const alarmSchema = z.strictObject({
  state: z.enum(['active', 'muted', 'all']).default('active'),
  from: time.optional(),
  to: time.optional(),
  site: z.string().optional(),
  priority: z.enum(PRIORITIES).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(200),
});

export function parseAlarmQuery(query: unknown): AlarmQuery {
  const { state, from = 0, to = Number.MAX_SAFE_INTEGER, ...rest } = parse(alarmSchema, query);
  return { activeOnly: state === 'active', mutedOnly: state === 'muted', from, to, ...rest };
}

const words = z.string().trim().min(1).max(500);
/** In a body a time may be a number. */
const moment = z.union([z.int(), time]);
const noteSchema = z.strictObject({ note: words.optional() });
const reasonSchema = z.strictObject({ reason: words });
const nothingSchema = z.strictObject({});
const shelfSchema = z
  .strictObject({ reason: words, until: moment.optional(), oneShot: z.boolean().optional() })
  .refine(({ until, oneShot }) => (until !== undefined) !== (oneShot === true), 'expected until, or oneShot: true');

export const ACTIONS = ['acknowledge', 'reset', 'shelve', 'unshelve', 'out-of-service', 'in-service'] as const;

/** The act that a call asks for. */
export function parseAction(
  kind: (typeof ACTIONS)[number],
  body: unknown,
  { by, now }: { by: string; now: number },
): AlarmAction {
  const said = body ?? {};
  switch (kind) {
    case 'acknowledge':
    case 'reset':
      return { kind, by, note: parse(noteSchema, said).note ?? null };
    case 'shelve': {
      const { reason, until } = parse(shelfSchema, said);
      if (until !== undefined) expectWithin('until', { from: now, to: until, mostMs: MAX_SHELF_MS });
      return { kind, by, reason, until: until ?? 'one-shot' };
    }
    case 'out-of-service':
      return { kind, by, reason: parse(reasonSchema, said).reason };
    default:
      parse(nothingSchema, said);
      return { kind, by };
  }
}

const scopeShape = { site: z.string().optional(), zone: z.string().optional() };
const workSchema = z
  .strictObject({
    ...scopeShape,
    asset: z.string().optional(),
    circuit: z.string().optional(),
    from: moment.optional(),
    to: moment,
    reason: words,
  })
  .refine(
    ({ site, zone, asset, circuit }) => isOne(site, zone, asset, circuit),
    'expected one of site, asset, circuit, zone',
  );
const excuseSchema = z
  .strictObject({ ...scopeShape, kind: z.enum(EXCUSES), to: moment.optional(), note: words.optional() })
  .refine(({ site, zone }) => isOne(site, zone), 'expected one of site, zone');

const isOne = (...scopes: (string | undefined)[]): boolean =>
  scopes.filter((scope) => scope !== undefined).length === 1;

export function parseWork(body: unknown, { by, now }: { by: string; now: number }): NewWork {
  const { site = null, asset = null, circuit = null, zone = null, from = now, to, reason } = parse(workSchema, body);
  expectWithin('to', { from, to, mostMs: MAX_WORK_MS });
  return { kind: 'work', scope: { site, asset, circuit, zone }, from, to, reason, by };
}

export function parseExcuse(body: unknown, { by, now }: { by: string; now: number }): NewWork {
  const { kind, site = null, zone = null, to = now + MAX_EXCUSE_MS, note } = parse(excuseSchema, body);
  expectWithin('to', { from: now, to, mostMs: MAX_EXCUSE_MS });
  return { kind, scope: { site, asset: null, circuit: null, zone }, from: now, to, reason: note ?? kind, by };
}

function expectWithin(parameter: string, { from, to, mostMs }: { from: number; to: number; mostMs: number }): void {
  if (to > from && to - from <= mostMs) return;
  const message = `expected a time later than ${new Date(from).toISOString()}, by at most ${mostMs / 3_600_000} h`;
  throw new HttpError(400, 'bad-query', `${parameter}: ${message}`, [{ parameter, message }]);
}

const worksSchema = z.strictObject({ from: time.optional() });

/** Works that end later than this. */
export function parseWorksQuery(query: unknown, now: number): number {
  return parse(worksSchema, query).from ?? now;
}

const qualitySchema = z.strictObject({
  from: time.optional(),
  to: time.optional(),
  operators: z.coerce.number().int().min(1).max(100).default(1),
});

export function parseQualityQuery(query: unknown, now: number): QualityQuestion {
  const { to = now, from = to - 30 * DAY_MS, operators } = parse(qualitySchema, query);
  expectWithin('to', { from, to, mostMs: MAX_QUALITY_MS });
  return { from, to, operators };
}

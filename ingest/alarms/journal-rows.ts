/** What a row of `alarms.db` must be to be believed: its checksum fits, it can be read, and its columns say what its body says. */
import { crc32 } from 'node:zlib';
import { ALARM_STATES, type Alarm, isOpenPast, isStanding } from '../../model/alarm.ts';
import { PRIORITIES } from '../../model/rule.ts';

/** The columns of each table that is served as truth, but for `body` and `checksum`. */
export const COLUMNS = {
  alarm: ['id', 'raised_at', 'is_active', 'is_open', 'cleared_at'],
  event: ['seq', 'alarm', 'seen_at', 'kind', 'told'],
  work: ['id', 'until'],
  detector_memory: ['name', 'saved_at'],
} as const;

export type Table = keyof typeof COLUMNS;
export const TABLES = Object.keys(COLUMNS) as readonly Table[];

export type Row = Readonly<Record<string, unknown>>;

/** Over everything that the row says. */
export function checksumOf(table: Table, row: Row): number {
  const columns = COLUMNS[table].map((column) => plain(row[column]));
  return crc32(String(row.body), crc32(JSON.stringify(columns)));
}

/** The body of a row, or null where the row is not to be believed. */
export function believe<T>(table: Table, row: Row): T | null {
  return plain(row.checksum) === checksumOf(table, row) ? readShape<T>(table, row) : null;
}

/** The same of a row that has no checksum yet: damage that leaves it possible is not seen. */
export function readShape<T>(table: Table, row: Row): T | null {
  if (typeof row.body !== 'string') return null;
  try {
    const body: unknown = JSON.parse(row.body);
    const isPossible = isRecord(body) && FITS[table](body, (column) => plain(row[column]));
    return isPossible ? (body as T) : null;
  } catch {
    return null;
  }
}

/** Integers are read as bigint: a damaged one may be larger than a number can tell, and must not end the whole query. */
export const plain = (value: unknown): unknown => (typeof value === 'bigint' ? Number(value) : value);

type Fits = (body: Record<string, unknown>, column: (name: string) => unknown) => boolean;

const FITS: Readonly<Record<Table, Fits>> = {
  alarm: (body, column) =>
    isAlarm(body) &&
    body.id === column('id') &&
    body.raisedAt === column('raised_at') &&
    body.clearedAt === column('cleared_at') &&
    Number(body.state !== 'normal') === column('is_active') &&
    Number(isStanding(body) || isOpenPast(body)) === column('is_open'),
  event: (body, column) =>
    ['alarm', 'kind'].every((name) => typeof column(name) === 'string') &&
    isTextOrNull(column('told')) &&
    isTime(column('seen_at')) &&
    isTime(body.at) &&
    isOneOf(ALARM_STATES, body.state),
  work: (body, column) =>
    typeof body.id === 'string' &&
    body.id === column('id') &&
    isTime(body.from) &&
    isTime(body.to) &&
    body.to === column('until') &&
    isRecord(body.scope),
  detector_memory: (_, column) => typeof column('name') === 'string' && isTime(column('saved_at')),
};

function isAlarm(body: object): body is Alarm {
  const { id, key, rule, state, priority, ...rest } = body as Partial<Alarm>;
  const { raisedAt, stateSince, returnedAt, clearedAt, heldUntil, suppressedBy, shelved, values } = rest;
  return (
    [id, key, rule].every((text) => typeof text === 'string' && text !== '') &&
    [rest.site, rest.asset, rest.device, rest.metric].every((text) => text === undefined || isTextOrNull(text)) &&
    isOneOf(ALARM_STATES, state) &&
    isOneOf(PRIORITIES, priority) &&
    isTime(raisedAt) &&
    isTime(stateSince) &&
    [returnedAt, clearedAt, heldUntil].every((time) => time === null || isTime(time)) &&
    Array.isArray(suppressedBy) &&
    suppressedBy.every((of) => typeof of === 'string') &&
    (shelved === null || isRecord(shelved)) &&
    isRecord(values)
  );
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isTextOrNull = (value: unknown): boolean => value === null || typeof value === 'string';
/** As far as a `Date` reaches. */
const isTime = (value: unknown): boolean => typeof value === 'number' && Math.abs(value) <= 8.64e15;
const isOneOf = (known: readonly string[], value: unknown): boolean => known.includes(value as string);

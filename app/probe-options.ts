/** What `aimak probe` is asked for: a line, and on it all units, or some registers of one. */
import { z } from 'zod';
import type { Hint } from '../firmware-bridge/probe/guess.ts';
import type { BusLine } from '../model/bridge-file.ts';
import { METRICS } from '../model/metric.ts';
import { isBits, READ_FUNCTION } from '../model/modbus-frame.ts';
import type { RegisterTable } from '../model/register-map.ts';
import { idSchema, kindSchema } from '../model/schema.ts';
import { ConfigError } from './start-error.ts';

const TABLES = Object.keys(READ_FUNCTION) as RegisterTable[];
const PLACE = /^(\[[^\]]+\]|[^:]+)(?::(\d+))?$/;
const expectedUnits = 'expected unit numbers such as 1-247 or 3';
const number = (expected: string) => z.coerce.number(expected);
const whole = (expected: string, min: number, max: number) =>
  number(expected).int(expected).min(min, expected).max(max, expected);
const text = z.string().min(1, 'expected some text');
const place = z.string().regex(PLACE, 'expected host:port');

const schema = z.strictObject({
  rtu: text.optional(),
  tcp: place.optional(),
  'rtu-over-tcp': place.regex(/:\d+$/, 'expected host:port').optional(),
  baud: whole('expected bits a second, such as 9600', 300, 921_600).default(9600),
  parity: z.enum(['none', 'even', 'odd'], 'expected none, even or odd').default('none'),
  units: z
    .string()
    .regex(/^\d+(-\d+)?$/, expectedUnits)
    .default('1-247'),
  unit: whole('expected a unit from 0 to 255', 0, 255).optional(),
  table: z.enum(TABLES, `expected ${TABLES.join(', ')}`).optional(),
  address: whole('expected a register as in the manual', 0, 465_536).optional(),
  count: whole('expected 1 to 125 registers', 1, 125).default(10),
  expect: z
    .string()
    .regex(/^-?\d+(\.\d+)?$/, 'expected a number as on the display')
    .optional(),
  range: z
    .string()
    .regex(/^-?(\d+(\.\d+)?|\.\d+)\.\.-?(\d+(\.\d+)?|\.\d+)$/, 'expected bounds such as 0..50')
    .optional(),
  metric: z
    .string()
    .refine((name) => METRICS.has(name), 'no such metric; see docs/contract.md 2.6')
    .optional(),
  id: idSchema.default('my-device'),
  kind: kindSchema.default('device'),
  write: text.optional(),
  'timeout-ms': whole('expected 20 to 60000 ms', 20, 60_000).optional(),
});

type Raw = z.output<typeof schema>;
export const PROBE_FLAGS = Object.keys(schema.shape);

export interface ProbeOptions extends Pick<Raw, 'unit' | 'count' | 'metric' | 'id' | 'kind' | 'write'> {
  readonly line: BusLine;
  readonly units: readonly number[];
  readonly table: NonNullable<Raw['table']>;
  /** As in the manual, without the digit that stands for its table. */
  readonly address: number | undefined;
  readonly hint: Hint | null;
  readonly timeoutMs: number | undefined;
}

export function parseProbeOptions(own: readonly (readonly [string, string])[]): ProbeOptions {
  const parsed = schema.safeParse(Object.fromEntries(own));
  if (!parsed.success)
    throw new ConfigError(parsed.error.issues.map(({ path, message }) => `--${path.join('.')}: ${message}`));
  const raw = parsed.data;
  const { unit, count, metric, id, kind, write } = raw;
  const line = lineOf(raw);
  const faults = faultsOf(raw);
  if (!line || faults.length > 0) throw new ConfigError(line ? faults : [NO_LINE, ...faults]);
  return {
    ...{ line, unit, count, metric, id, kind, write },
    units: unitsOf(raw.units),
    ...placeOf(raw),
    hint: hintOf(raw),
    timeoutMs: raw['timeout-ms'],
  };
}

const NO_LINE = 'probe: expected one of --rtu PORT, --tcp HOST:PORT and --rtu-over-tcp HOST:PORT';

/** Options that make no sense together. */
function faultsOf(raw: Raw): string[] {
  const { unit, address, expect, range, write } = raw;
  const faults = write === undefined ? [] : faultsOfWrite(raw);
  if (address !== undefined && unit === undefined) faults.push('--address: expected --unit with it');
  if ((expect ?? range ?? write) !== undefined && address === undefined)
    faults.push('--expect, --range, --write: expected --address with them');
  return faults;
}

function faultsOfWrite(raw: Raw): string[] {
  if (raw.metric === undefined) return ['--write: expected --metric, what is measured there'];
  const isNumber = !isBits(placeOf(raw).table) && METRICS.get(raw.metric)?.type === 'number';
  return isNumber ? [] : ['--write: expected a number in registers; a yes/no is written into a profile by hand'];
}

function lineOf({ rtu, tcp, 'rtu-over-tcp': rtuOverTcp, baud, parity }: Raw): BusLine | null {
  if ([rtu, tcp, rtuOverTcp].filter((each) => each !== undefined).length !== 1) return null;
  if (rtu !== undefined) return { kind: 'rtu', path: rtu, baud, parity, stopBits: 1 };
  const [, host = '', port = '502'] = PLACE.exec(tcp ?? rtuOverTcp ?? '') ?? [];
  const target = { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
  return tcp !== undefined ? { kind: 'tcp', ...target } : { kind: 'rtuOverTcp', ...target, baud };
}

function unitsOf(range: string): number[] {
  const [first = 1, last = first] = range.split('-').map(Number);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
}

/** 40001 is the first holding register, 30001 the first input register, as in many manuals. */
function placeOf({ table, address }: Raw): Pick<ProbeOptions, 'table' | 'address'> {
  const [, digit, rest] = /^([34])(\d{4,5})$/.exec(String(address)) ?? [];
  if (table !== undefined || digit === undefined) return { table: table ?? 'holding', address };
  return { table: digit === '4' ? 'holding' : 'input', address: Number(rest) };
}

function hintOf({ expect, range, metric }: Raw): Hint | null {
  if (expect !== undefined) {
    return { kind: 'expect', value: Number(expect), digits: expect.split('.')[1]?.length ?? 0 };
  }
  const known = METRICS.get(metric ?? '');
  const [min = known?.min, max = known?.max] = range?.split('..').map(Number) ?? [];
  return min === undefined || max === undefined ? null : { kind: 'range', min, max };
}

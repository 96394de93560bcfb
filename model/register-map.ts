/**
 * How a device is read over Modbus: the `modbus:` part of its profile, which bridge and simulator share.
 * A map may have parameters (a channel, litres per pulse), given by the unit's entry in the bridge file;
 * `resolveFields` (register-fields.ts) puts them in.
 */
import { z } from 'zod';
import { type Formula, parseFormula } from './formula.ts';

const TABLES = ['holding', 'input', 'coil', 'discrete'] as const;
export type RegisterTable = (typeof TABLES)[number];

/** Words of each type; of `bool` a whole register, where it does not stand in a table of bits. */
export const WORDS = {
  bool: 1,
  int16: 1,
  uint16: 1,
  int32: 2,
  uint32: 2,
  int64: 4,
  uint64: 4,
  float32: 2,
  float64: 4,
} as const;
export type RegisterType = keyof typeof WORDS;

/** A is the most significant byte, AB the first word on the wire. Of four words: CDAB low word first, BADC bytes swapped. */
export const BYTE_ORDERS = ['ABCD', 'CDAB', 'BADC', 'DCBA'] as const;
export type ByteOrder = (typeof BYTE_ORDERS)[number];
/** Of a single word: as the standard says, or with its two bytes swapped. */
export const ORDERS_OF_ONE: readonly ByteOrder[] = ['ABCD', 'BADC'];

/** `fast`: once a second, or as the bus allows. `normal`: with every report. `slow`: every 15 minutes. `once`: at the start. */
const POLL_CLASSES = ['fast', 'normal', 'slow', 'once'] as const;
export type PollClass = (typeof POLL_CLASSES)[number];

/** Registers or bits next to each other; `address` is zero-based, as on the wire. */
export interface Span {
  readonly table: RegisterTable;
  readonly address: number;
  readonly count: number;
}

/** One number as it lies in its registers. */
export interface RegisterPart {
  readonly address: number;
  readonly type: RegisterType;
  readonly order: ByteOrder;
  /** Of a single word: the bits that count. */
  readonly mask: number | null;
}

/** One metric in the registers, every parameter put in. Its value: the sum of the parts x scale + offset. */
export interface RegisterField extends Span {
  readonly metric: string;
  /** One, or an integer and its decimal fraction, read together. */
  readonly parts: readonly RegisterPart[];
  readonly scale: number;
  readonly offset: number;
  /** Of a yes/no: true where the register says 0. */
  readonly isInverted: boolean;
  /** By these raw values the device says "no reading" and "I have no such thing"; both are read as null. */
  readonly errorValue: number | null;
  readonly unsupportedValue: number | null;
  /** A raw value outside is no reading, e.g. a loop current under 3.6 mA. */
  readonly rawMin: number;
  readonly rawMax: number;
  /** Of a counter: how much it counts, in the metric's unit, until it begins anew. Null: it is not known to roll over. */
  readonly rollsOverAt: number | null;
  readonly poll: PollClass;
}

/** What the device bears. */
export interface ReadLimits {
  readonly maxRegisters: number;
  readonly maxBits: number;
  /** So many registers (or bits) that nobody wants are read along, if that saves a request. */
  readonly maxGap: number;
  /** Silence between two frames beyond the 3.5 characters of the standard. */
  readonly frameGapMs: number;
  readonly timeoutMs: number;
}

const hexBytes = z
  .string()
  .regex(/^[0-9a-f]{2}( [0-9a-f]{2})*$/i, 'expected bytes like 01 03 00 0A')
  .transform((text) => Uint8Array.from(text.split(' '), (byte) => Number.parseInt(byte, 16)));

/** A number, or a formula of the parameters. */
const formula = z.union([z.number(), z.string()]).transform((source, context): Formula => {
  const parsed = parseFormula(source);
  if (parsed) return parsed;
  context.addIssue({ code: 'custom', message: 'expected a number, or a formula such as 58 + 2 * channel' });
  return z.NEVER;
});
const number = (value: number) => formula.default(() => parseFormula(value) as Formula);

const paramSchema = z.strictObject({
  about: z.string().optional(),
  min: z.number(),
  max: z.number(),
  isWhole: z.boolean().default(false),
  /** Without one the unit must give it. */
  default: z.number().optional(),
});

const type = z.enum(Object.keys(WORDS) as [RegisterType, ...RegisterType[]]);
const order = z.enum(BYTE_ORDERS);
const table = z.enum(TABLES);

const fieldSchema = z.strictObject({
  table,
  address: formula,
  /** May be left out in a table of bits. */
  type: type.default('bool'),
  /** Of more than one word; of one where its bytes are swapped. */
  order: order.optional(),
  mask: z.int().min(1).max(0xffff).optional(),
  /** A second number, of the same table, to be added before the scale. */
  plus: z.strictObject({ address: formula, type, order: order.optional() }).optional(),
  scale: number(1),
  offset: number(0),
  isInverted: number(0),
  errorValue: z.number().optional(),
  unsupportedValue: z.number().optional(),
  rawMin: number(Number.NEGATIVE_INFINITY),
  rawMax: number(Number.POSITIVE_INFINITY),
  /** In raw counts. By default that of an unsigned type; null: never. */
  rollsOverAt: formula.nullable().optional(),
  poll: z.enum(POLL_CLASSES).default('normal'),
});

/** What may be written; nothing writes yet. */
const writableSchema = z.strictObject({
  table: z.enum(['holding', 'coil']),
  address: formula,
  type: type.default('bool'),
  order: order.optional(),
  /** Of a coil: what is sent to switch it on, where it is not as the standard says. */
  on: z.int().min(1).max(0xffff).default(0xff00),
});

const cell = z.int().min(0).max(0xffff);
const goldenSchema = z
  .strictObject({
    about: z.string(),
    /** Read in the source; otherwise made by an encoder of another hand. */
    verified: z.boolean(),
    params: z.record(z.string(), z.number()).default({}),
    /** Whole RTU frames, with address and checksum. */
    request: hexBytes.optional(),
    response: hexBytes.optional(),
    /** Instead of frames: what the registers hold. */
    table: table.optional(),
    address: z.int().min(0).max(0xffff).optional(),
    cells: z.array(cell).min(1).optional(),
    /** What they mean, by metric. */
    values: z.record(z.string(), z.union([z.number(), z.boolean(), z.null()])).default({}),
    /** Of a request that writes: to what, and which raw value. */
    writes: z.record(z.string(), z.union([z.number(), z.boolean()])).optional(),
  })
  .refine(
    ({ request, cells, table, address }) =>
      cells ? !request && table && address !== undefined : request && !table && address === undefined,
    'expected a request, or table, address and cells',
  );
export type Golden = z.output<typeof goldenSchema>;

export const registerMapSchema = z.strictObject({
  /** The addresses and types below were read in the source. None was proved on hardware unless it says so. */
  verified: z.boolean(),
  source: z.string().min(1),
  doubts: z.array(z.string()).default([]),
  params: z.record(z.string().regex(/^[a-z]\w*$/i, 'expected a name of letters and digits'), paramSchema).default({}),
  limits: z
    .strictObject({
      maxRegisters: z.int().min(1).max(125).default(125),
      maxBits: z.int().min(1).max(2000).default(2000),
      maxGap: z.int().min(0).max(124).default(16),
      frameGapMs: z.number().min(0).max(1000).default(0),
      timeoutMs: z.number().min(20).max(60_000).default(1000),
    })
    .prefault({}),
  /** How the device answers for registers between those named here: with zeros, or with ILLEGAL DATA ADDRESS. */
  unmapped: z.enum(['zero', 'refused']).default('zero'),
  fields: z.record(z.string(), fieldSchema),
  /** Metrics that the bridge makes of a counter: its slope an hour, over a window, times the scale (1000: kWh to W). */
  derived: z
    .record(
      z.string(),
      z.strictObject({ from: z.string(), windowS: z.number().positive(), scale: z.number().default(1) }),
    )
    .default({}),
  writes: z.record(z.string().regex(/^[a-z][a-z0-9_]*$/, 'expected snake_case'), writableSchema).default({}),
  golden: z.array(goldenSchema).default([]),
});

/** As the profile's file says it; formulas not yet evaluated. */
export type RegisterMap = z.output<typeof registerMapSchema>;
export type RawField = RegisterMap['fields'][string];
export type Params = Readonly<Record<string, number>>;

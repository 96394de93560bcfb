/** A register map with the parameters of one unit put in: plain numbers to read by. */
import type { ConfigFault, Parsed } from './fault.ts';
import type { Metric } from './metric.ts';
import {
  type Params,
  type RawField,
  type RegisterField,
  type RegisterMap,
  type RegisterPart,
  WORDS,
} from './register-map.ts';

/** The parameters of a unit: what it gives, else the defaults. Faults have the parameter's name as their path. */
export function resolveParams(map: RegisterMap, given: Readonly<Record<string, unknown>>): Parsed<Params> {
  const names = Object.keys(map.params);
  const known = names.length === 0 ? 'none' : names.join(', ');
  const faults: ConfigFault[] = Object.keys(given)
    .filter((name) => !names.includes(name))
    .map((name) => ({ path: [name], message: `no such parameter; the profile has ${known}` }));
  const values: Record<string, number> = {};
  for (const [name, param] of Object.entries(map.params)) {
    const value = given[name] ?? param.default;
    if (isWithin(param, value)) values[name] = value;
    else faults.push({ path: [name], message: expectation(param, value) });
  }
  return faults.length > 0 ? { ok: false, faults } : { ok: true, value: values };
}

type Param = RegisterMap['params'][string];

function isWithin({ min, max, isWhole }: Param, value: unknown): value is number {
  return typeof value === 'number' && value >= min && value <= max && (!isWhole || Number.isInteger(value));
}

function expectation({ min, max, isWhole, about }: Param, value: unknown): string {
  const meaning = about === undefined ? '' : `: ${about}`;
  const got = value === undefined ? '' : ` (got ${JSON.stringify(value)})`;
  return `expected a ${isWhole ? 'whole ' : ''}number from ${min} to ${max}${meaning}${got}`;
}

/** The fields of a unit with its parameters put in. `metrics` tells counters. */
export function resolveFields(
  map: RegisterMap,
  metrics: ReadonlyMap<string, Metric>,
  given: Readonly<Record<string, unknown>> = {},
): Parsed<readonly RegisterField[]> {
  const params = resolveParams(map, given);
  if (!params.ok) return params;
  const fields = Object.entries(map.fields).map(([metric, raw]) =>
    toField(raw, { metric, params: params.value, isCounter: metrics.get(metric)?.kind === 'counter' }),
  );
  const faults = fields.flatMap((field) => faultsOfNumbers(field));
  return faults.length > 0 ? { ok: false, faults } : { ok: true, value: fields };
}

interface FieldContext {
  readonly metric: string;
  readonly params: Params;
  readonly isCounter: boolean;
}

function toField(raw: RawField, { metric, params, isCounter }: FieldContext): RegisterField {
  const first = toPart(raw, params, raw.mask ?? null);
  const parts = raw.plus ? [first, toPart(raw.plus, params, null)] : [first];
  const address = Math.min(...parts.map((part) => part.address));
  const end = Math.max(...parts.map((part) => part.address + WORDS[part.type]));
  const scale = raw.scale.evaluate(params);
  return {
    metric,
    table: raw.table,
    address,
    count: end - address,
    parts,
    scale,
    offset: raw.offset.evaluate(params),
    isInverted: raw.isInverted.evaluate(params) !== 0,
    errorValue: raw.errorValue ?? null,
    unsupportedValue: raw.unsupportedValue ?? null,
    rawMin: raw.rawMin.evaluate(params),
    rawMax: raw.rawMax.evaluate(params),
    rollsOverAt: isCounter ? rollOver(raw, scale, params) : null,
    poll: raw.poll,
  };
}

function toPart(
  { address, type, order }: Pick<RawField, 'address' | 'type' | 'order'>,
  params: Params,
  mask: number | null,
): RegisterPart {
  return { address: address.evaluate(params), type, order: order ?? 'ABCD', mask };
}

function rollOver({ rollsOverAt, type, plus }: RawField, scale: number, params: Params): number | null {
  if (rollsOverAt) return rollsOverAt.evaluate(params) * scale;
  const isUnsigned = type.startsWith('uint') && !plus;
  return rollsOverAt === undefined && isUnsigned ? 2 ** (16 * WORDS[type]) * scale : null;
}

function faultsOfNumbers({ metric, address, count, scale, offset }: RegisterField): ConfigFault[] {
  const path = ['fields', metric];
  const isAddress = Number.isInteger(address) && address >= 0 && address + count <= 0x1_0000;
  const isScale = Number.isFinite(scale) && scale !== 0;
  return [
    ...(isAddress ? [] : [{ path: [...path, 'address'], message: `the address of ${metric} would be ${address}` }]),
    ...(isScale ? [] : [{ path: [...path, 'scale'], message: `the scale of ${metric} would be ${scale}` }]),
    ...(Number.isFinite(offset)
      ? []
      : [{ path: [...path, 'offset'], message: `the offset of ${metric} would be ${offset}` }]),
  ];
}

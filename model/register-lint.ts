/** What is wrong with a register map although it has the right form. Paths are those of the `modbus:` part. */
import type { ConfigFault } from './fault.ts';
import type { Formula } from './formula.ts';
import type { Metric } from './metric.ts';
import { isBits } from './modbus-frame.ts';
import { resolveFields } from './register-fields.ts';
import { faultsOfGolden } from './register-golden.ts';
import { type RawField, type RegisterField, type RegisterMap, type RegisterType, WORDS } from './register-map.ts';

type Metrics = ReadonlyMap<string, Metric>;

export function lintRegisterMap(map: RegisterMap, metrics: Metrics): ConfigFault[] {
  const faults = [
    ...faultsOfParams(map),
    ...Object.entries(map.fields).flatMap(([metric, field]) => faultsOfField(metric, field, metrics)),
    ...faultsOfDerived(map, metrics),
    ...faultsOfWrites(map),
  ];
  // Addresses mean nothing before the formulas are sound.
  if (faults.length > 0) return faults;
  return [...faultsOfPlaces(map, metrics), ...faultsOfGoldens(map, metrics)];
}

function faultsOfParams({ params, fields, writes }: RegisterMap): ConfigFault[] {
  const formulas = [...formulasOf(fields, ['fields']), ...formulasOf(writes, ['writes'])];
  const used = new Set(formulas.flatMap(([, { names }]) => names));
  const unknown = formulas.flatMap(([path, { names }]) =>
    names.filter((name) => !(name in params)).map((name) => ({ path, message: `"${name}" is not among the params` })),
  );
  const unsound = Object.entries(params).flatMap(([name, { min, max, default: fallback = min }]) => {
    const path = ['params', name];
    const isSound = min < max && fallback >= min && fallback <= max;
    return [
      ...(isSound ? [] : [{ path, message: 'expected min < max, and the default between' }]),
      ...(used.has(name) ? [] : [{ path, message: 'nothing uses this parameter' }]),
    ];
  });
  return [...unknown, ...unsound];
}

/** With the keys that lead to each. */
function formulasOf(item: object, path: string[]): [string[], Formula][] {
  return Object.entries(item).flatMap(([key, value]: [string, unknown]): [string[], Formula][] => {
    if (typeof value !== 'object' || value === null) return [];
    return 'evaluate' in value ? [[[...path, key], value as Formula]] : formulasOf(value, [...path, key]);
  });
}

function faultsOfField(metric: string, field: RawField, metrics: Metrics): ConfigFault[] {
  const known = metrics.get(metric);
  if (!known) return [{ path: ['fields', metric], message: `the profile has no metric "${metric}"` }];
  const { type, table, plus } = field;
  const isBool = type === 'bool';
  const checks: [isWrong: boolean, key: string, message: string][] = [
    [known.type === 'boolean' && !isBool, 'type', 'expected bool: it is a yes/no'],
    [known.type === 'number' && isBool, 'type', 'expected a number type'],
    [isBits(table) && !isBool, 'type', `expected bool: a ${table} is a bit`],
    [!isMaskable(field), 'mask', 'expected only of a uint16 or bool register'],
    [!isWholeAsNeeded(type, field.errorValue), 'errorValue', 'expected a whole number'],
    [!isWholeAsNeeded(type, field.unsupportedValue), 'unsupportedValue', 'expected a whole number'],
    [plus !== undefined && !type.includes('int'), 'type', 'expected an integer, to which a fraction is added'],
    [plus?.type.startsWith('float') === false, 'plus', 'expected a float, the decimal fraction'],
  ];
  const wrong = checks.filter(([isWrong]) => isWrong).map(([, key, message]) => [key, message] as const);
  return [...wrong, ...faultsOfOrder(field), ...(plus ? faultsOfOrder(plus) : [])].map(([key, message]) => ({
    path: ['fields', metric, key],
    message,
  }));
}

function isMaskable({ mask, type, table }: RawField): boolean {
  return mask === undefined || type === 'uint16' || (type === 'bool' && !isBits(table));
}

function isWholeAsNeeded(type: RegisterType, value: number | undefined): boolean {
  return value === undefined || type.startsWith('float') || Number.isInteger(value);
}

function faultsOfOrder({ type, order, mask }: Partial<RawField> & Pick<RawField, 'type'>): [string, string][] {
  const hasMany = WORDS[type] > 1;
  if (hasMany && order === undefined) return [['order', `expected, since ${type} has ${WORDS[type]} words`]];
  if (hasMany || order === undefined) return [];
  if (type === 'bool' || mask !== undefined) return [['order', 'expected none of single bits']];
  return order === 'BADC'
    ? []
    : [['order', `${type} has one word: expected none, or BADC where its bytes are swapped`]];
}

function faultsOfDerived({ derived, fields }: RegisterMap, metrics: Metrics): ConfigFault[] {
  return Object.entries(derived).flatMap(([metric, { from }]): ConfigFault[] => {
    const path = ['derived', metric];
    if (!metrics.has(metric)) return [{ path, message: `the profile has no metric "${metric}"` }];
    if (metric in fields) return [{ path, message: `"${metric}" has registers of its own` }];
    const isCounter = from in fields && metrics.get(from)?.kind === 'counter';
    return isCounter
      ? []
      : [{ path: [...path, 'from'], message: `expected a counter among the fields (got "${from}")` }];
  });
}

function faultsOfWrites({ writes }: RegisterMap): ConfigFault[] {
  return Object.entries(writes).flatMap(([name, { table, type, order }]) => {
    const path = ['writes', name];
    const isBit: (t: RegisterType) => boolean = (t) => t === 'bool';
    if ((table === 'coil') !== isBit(type))
      return [{ path, message: 'expected bool of a coil, a number of a register' }];
    return faultsOfOrder({ type, order }).map(([key, message]) => ({ path: [...path, key], message }));
  });
}

/** Tried with every set of parameters at hand, since addresses hang on them. Not so scales: all at their least make no sense. */
function faultsOfPlaces(map: RegisterMap, metrics: Metrics): ConfigFault[] {
  const faults = new Map<string, ConfigFault>();
  for (const params of samplesOf(map)) {
    const fields = resolveFields(map, metrics, params);
    const found = fields.ok
      ? [...fields.value.flatMap((field) => tooLong(field, map)), ...overlaps(fields.value)]
      : fields.faults.filter(({ path }) => path.at(-1) === 'address');
    for (const fault of found) faults.set(`${fault.path.join()} ${fault.message}`, fault);
  }
  return [...faults.values()];
}

function samplesOf({ params, golden }: RegisterMap): Record<string, number>[] {
  const pick = (choose: (param: RegisterMap['params'][string]) => number) =>
    Object.fromEntries(Object.entries(params).map(([name, param]) => [name, choose(param)]));
  return [
    pick(({ min }) => min),
    pick(({ max }) => max),
    pick(({ min, default: fallback }) => fallback ?? min),
    ...golden.map((each) => each.params),
  ];
}

function tooLong({ metric, table, count, parts }: RegisterField, { limits }: RegisterMap): ConfigFault[] {
  const path = ['fields', metric];
  const limit = isBits(table) ? limits.maxBits : limits.maxRegisters;
  if (count > limit) return [{ path, message: `needs ${count} registers in one read; the device gives ${limit}` }];
  const [first, second] = parts;
  const isApart = !first || !second || Math.abs(first.address - second.address) >= WORDS[first.type];
  return isApart ? [] : [{ path, message: 'its two numbers overlap' }];
}

function overlaps(fields: readonly RegisterField[]): ConfigFault[] {
  return fields.flatMap((field, i) =>
    fields.slice(0, i).flatMap((other) => {
      const isApart = field.address >= other.address + other.count || other.address >= field.address + field.count;
      if (isApart || field.table !== other.table) return [];
      const place = `${other.metric} (${other.table} ${other.address} to ${other.address + other.count - 1})`;
      return [{ path: ['fields', field.metric, 'address'], message: `overlaps ${place}` }];
    }),
  );
}

function faultsOfGoldens(map: RegisterMap, metrics: Metrics): ConfigFault[] {
  return map.golden.flatMap((golden, i) =>
    faultsOfGolden(map, metrics, golden).map((message) => ({ path: ['golden', i], message })),
  );
}

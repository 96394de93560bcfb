/** What is wrong with a rule beyond its form: units, what can never be, and what it names that the plant has not. */
import type { ConfigFault } from './fault.ts';
import { METRICS } from './metric.ts';
import type { Plant } from './plant.ts';
import { type Quantity, unitFault } from './quantity.ts';
import type { Rule, RuleOf } from './rule.ts';
import { DRIVERS } from './watch.ts';
import { watchesOf } from './watches.ts';

/** Paths begin at the rule. Without a plant its references go unchecked. */
export function faultsOfRule(rule: Rule, plant: Plant | null): readonly ConfigFault[] {
  const faults = [...faultsOfFigures(rule), ...faultsOfKind(rule)];
  if (!plant) return faults;
  const broken = brokenReferences(rule, plant);
  // A misspelt kind would watch nothing, and nobody would know.
  const isIdle =
    broken.length === 0 && faults.length === 0 && watchesOf([{ ...rule, exceptions: [] }], plant).length === 0;
  return [...faults, ...broken, ...(isIdle ? [{ path: ['on'], message: 'nothing in the plant fits' }] : [])];
}

const FIGURES = ['below', 'above', 'rises', 'falls', 'deadband', 'within', 'by'] as const;

/** A rule's own figures and those of its exceptions. */
function faultsOfFigures(rule: Rule): ConfigFault[] {
  const tables: [ConfigFault['path'], Readonly<Record<string, unknown>>][] = [
    [[], rule],
    ...rule.exceptions.map((exception, i): [ConfigFault['path'], Readonly<Record<string, unknown>>] => {
      return [['exceptions', i], exception];
    }),
  ];
  return tables.flatMap(([path, table]) => [
    ...faultsOfUnits(rule, table).map((fault) => ({ ...fault, path: [...path, ...fault.path] })),
    ...faultsOfRange(rule, { ...rule, ...table }).map((fault) => ({ ...fault, path: [...path, ...fault.path] })),
  ]);
}

function faultsOfUnits(rule: Rule, table: Readonly<Record<string, unknown>>): ConfigFault[] {
  const faults = FIGURES.flatMap((key) =>
    metricsOf(rule).flatMap((metric): ConfigFault[] => {
      const fault = unitFault(table[key] as Quantity | undefined, unitOf(rule, metric));
      return fault ? [{ path: [key], ...fault }] : [];
    }),
  );
  return faults.filter(({ path, message }, i) => {
    return faults.findIndex((f) => f.path[0] === path[0] && f.message === message) === i;
  });
}

function metricsOf({ on }: Rule): readonly string[] {
  return ('metric' in on ? on.metric : undefined) ?? [];
}

function unitOf({ detect }: Rule, metric: string): string {
  const unit = METRICS.get(metric)?.unit ?? '';
  return detect === 'rate' ? `${unit}/h` : unit;
}

/** What no reading could ever break, or every one would. */
function faultsOfRange(rule: Rule, table: Readonly<Record<string, unknown>>): ConfigFault[] {
  if (rule.detect !== 'limit') return [];
  const [below, above] = [table.below, table.above].map((q) => {
    const quantity = q as Quantity | undefined;
    return quantity?.fact === null ? quantity.value : undefined;
  });
  const faults: ConfigFault[] = [];
  for (const name of rule.on.metric) {
    const metric = METRICS.get(name);
    if (!metric || metric.type === 'boolean') continue;
    const range = `${name} is ${metric.min} to ${metric.max} ${metric.unit}`.trim();
    const expect = (isSane: boolean, key: string, what: string): void => {
      if (!isSane) faults.push({ path: [key], message: `${what}: ${range}` });
    };
    expect(below === undefined || below > metric.min, 'below', 'can never be');
    expect(above === undefined || above < metric.max, 'above', 'can never be');
    expect(below === undefined || below <= metric.max, 'below', 'would always hold');
    expect(above === undefined || above >= metric.min, 'above', 'would always hold');
  }
  if (below !== undefined && above !== undefined && below >= above) {
    faults.push({ path: ['below'], message: `expected less than above, ${above} (got ${below})` });
  }
  return faults;
}

function faultsOfKind(rule: Rule): ConfigFault[] {
  switch (rule.detect) {
    case 'limit':
      return rule.on.metric.flatMap((metric) => faultsOfLimit(rule, metric));
    case 'rate':
      return [
        ...numbersOnly(rule.on.metric),
        ...expectAny(rule.rises ?? rule.falls, [], 'expected rises, falls or both, per hour'),
      ];
    case 'frozen':
      return numbersOnly(rule.on.metric);
    case 'counter':
      return rule.on.metric.flatMap((metric) => faultsOfCounter(rule.fault, metric));
    case 'due':
      return faultsOfDue(rule);
    case 'mismatch':
      return (['while', 'expect'] as const).flatMap((key) => faultsOfSide(rule[key], key));
    default:
      return [];
  }
}

function faultsOfSide(side: RuleOf<'mismatch'>['expect'], path: string): ConfigFault[] {
  const { metric, is } = side;
  const faults = (['above', 'below'] as const).flatMap((key): ConfigFault[] => {
    const fault = unitFault(side[key], METRICS.get(metric)?.unit ?? '');
    return fault ? [{ path: [path, key], ...fault }] : [];
  });
  if (isYesNo(metric) === (is !== undefined)) return faults;
  const message = isYesNo(metric) ? 'a yes/no metric takes "is"' : 'a number takes "above" or "below"';
  return [...faults, { path: [path], message }];
}

function expectAny(value: unknown, path: ConfigFault['path'], message: string): ConfigFault[] {
  return value === undefined ? [{ path, message }] : [];
}

function faultsOfLimit(rule: Extract<Rule, { detect: 'limit' }>, metric: string): ConfigFault[] {
  const { below, above, is, deadband, meanS } = rule;
  if (isYesNo(metric)) {
    if (is === undefined || below || above) return [{ path: [], message: `a yes/no metric takes "is": ${metric}` }];
    if (deadband || meanS) return [{ path: [], message: `a yes/no metric has neither deadband nor mean: ${metric}` }];
    return [];
  }
  if (is !== undefined) return [{ path: ['is'], message: `a number takes "below" or "above": ${metric}` }];
  return below || above ? [] : [{ path: [], message: 'expected below, above or both' }];
}

function numbersOnly(metrics: readonly string[]): ConfigFault[] {
  return metrics
    .filter(isYesNo)
    .map((metric) => ({ path: ['on', 'metric'], message: `expected a number: ${metric} is a yes/no` }));
}

function faultsOfCounter(fault: string, metric: string): ConfigFault[] {
  const path = ['on', 'metric'];
  if (METRICS.get(metric)?.kind !== 'counter') return [{ path, message: `${metric} is no counter` }];
  if (fault === 'stuck' && !DRIVERS[metric]) return [{ path, message: `nothing is known that drives ${metric}` }];
  return [];
}

function faultsOfDue({ on, everyH, date }: Extract<Rule, { detect: 'due' }>): ConfigFault[] {
  if ((everyH === undefined) === (date === undefined)) return [{ path: [], message: 'expected one of everyH, date' }];
  if (date !== undefined) return on.asset === undefined ? [{ path: ['on'], message: 'a date needs its asset' }] : [];
  const hours = on.metric?.filter((metric) => METRICS.get(metric)?.unit !== 'h') ?? [];
  if (on.metric === undefined) return [{ path: ['on'], message: 'expected the metric that counts the hours' }];
  return hours.map((metric) => ({ path: ['on', 'metric'], message: `${metric} does not count hours` }));
}

function brokenReferences(rule: Rule, plant: Plant): ConfigFault[] {
  const refs = [
    ['asset', plant.assets],
    ['device', plant.devices],
    ['site', plant.sites],
  ] as const;
  const missing = (
    of: { readonly [Key in 'asset' | 'device' | 'site']?: string | undefined },
    path: ConfigFault['path'],
  ) =>
    refs.flatMap(([key, known]): ConfigFault[] => {
      const id = of[key];
      return id === undefined || known.has(id)
        ? []
        : [{ path: [...path, key], message: `"${id}" is not in the plant` }];
    });
  return [
    ...missing(rule.on, ['on']),
    ...rule.exceptions.flatMap((exception, i) => missing(exception, ['exceptions', i])),
  ];
}

function isYesNo(metric: string): boolean {
  return METRICS.get(metric)?.type === 'boolean';
}

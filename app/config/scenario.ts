/** A scenario: the faults of a village in a YAML file, by local time or by days since it began (contract 1.5). */
import { z } from 'zod';
import { type ConfigFault, type Parsed, parseWith } from '../../model/fault.ts';
import { parseSimFault, type SimFault } from '../../model/sim-fault.ts';
import { EXPECTED_SPAN, EXPECTED_TIME, parseSpan, parseVillageTime, type VillageCalendar } from './village-time.ts';
import { readYamlFile } from './yaml-file.ts';

const scenarioSchema = z.strictObject({
  version: z.literal(1, 'expected 1'),
  faults: z.array(z.unknown(), 'expected a list'),
});

/** Sizes and metric beside these depend on the kind. */
const itemSchema = z.looseObject({
  at: z.string(EXPECTED_TIME),
  fault: z.string('expected a kind of fault'),
  target: z.string('expected what it befalls').min(1, 'expected what it befalls'),
  for: z.string(EXPECTED_SPAN).optional(),
  until: z.string(EXPECTED_TIME).optional(),
});

export interface Scenario {
  /** `scenario-1` and so on, by their place in the file. */
  readonly faults: readonly SimFault[];
  /** `scenario.yaml:7 faults[2].target: …`, of what only the village can tell. */
  describe(id: string, message: string): string;
}

/** Every fault of the file at once, each with file and line. */
export function loadScenario(
  file: string,
  calendar: VillageCalendar,
): { readonly value: Scenario | null; readonly faults: readonly string[] } {
  const yaml = readYamlFile(file);
  if (yaml.faults.length > 0) return { value: null, faults: yaml.faults };
  const parsed = parseWith(scenarioSchema, yaml.content);
  if (!parsed.ok) return { value: null, faults: parsed.faults.map(yaml.describe) };
  const faults: ConfigFault[] = [];
  const values = parsed.value.faults.flatMap((item, index) => {
    const fault = parseItem(item, index, calendar);
    if (fault.ok) return [fault.value];
    faults.push(...fault.faults.map(({ path, message }) => ({ path: ['faults', index, ...path], message })));
    return [];
  });
  if (faults.length > 0) return { value: null, faults: faults.map(yaml.describe) };
  const describe = (id: string, message: string): string =>
    yaml.describe({ path: ['faults', values.findIndex((fault) => fault.id === id), 'target'], message });
  return { value: { faults: values, describe }, faults: [] };
}

function parseItem(item: unknown, index: number, calendar: VillageCalendar): Parsed<SimFault> {
  const parsed = parseWith(itemSchema, item);
  if (!parsed.ok) return parsed;
  const { at, fault: kind, target, for: span, until, ...raw } = parsed.value;
  const times = parseTimes({ at, span, until }, calendar);
  const fault = parseSimFault({ id: `scenario-${index + 1}`, kind, target, raw, ...times.value });
  const faults = [...times.faults, ...(fault.ok ? [] : fault.faults.map(inFile))];
  return faults.length > 0 ? { ok: false, faults } : fault;
}

/** What the model calls otherwise than the file. */
const IN_FILE: ReadonlyMap<unknown, string> = new Map([
  ['kind', 'fault'],
  ['from', 'at'],
]);

function inFile({ path, message }: ConfigFault): ConfigFault {
  const key = IN_FILE.get(path[0]);
  return { path: key === undefined ? path : [key], message };
}

interface WrittenTimes {
  readonly at: string;
  readonly span?: string | undefined;
  readonly until?: string | undefined;
}

interface Times {
  readonly value: { readonly fromMs: number; readonly toMs: number | null };
  readonly faults: readonly ConfigFault[];
}

function parseTimes({ at, span, until }: WrittenTimes, calendar: VillageCalendar): Times {
  const faults: ConfigFault[] = [];
  const need = <T>(value: T | null, key: string, message: string, written: string): T | null => {
    if (value === null) faults.push({ path: [key], message: `${message} (got ${JSON.stringify(written)})` });
    return value;
  };
  const fromMs = need(parseVillageTime(at, calendar), 'at', EXPECTED_TIME, at) ?? 0;
  if (span !== undefined && until !== undefined)
    faults.push({ path: ['until'], message: 'expected either for or until' });
  const forMs = span === undefined ? null : need(parseSpan(span), 'for', EXPECTED_SPAN, span);
  const untilMs = until === undefined ? null : need(parseVillageTime(until, calendar), 'until', EXPECTED_TIME, until);
  const toMs = forMs === null ? untilMs : fromMs + forMs;
  if (faults.length === 0 && toMs !== null && toMs <= fromMs) {
    faults.push({ path: ['until'], message: 'expected a time after its beginning' });
  }
  if (faults.length === 0 && toMs !== null && toMs <= calendar.beginMs) {
    faults.push({
      path: ['at'],
      message: `is over before the village begins, ${new Date(calendar.beginMs).toISOString()}`,
    });
  }
  // What began before the village does acts from its first moment.
  return { value: { fromMs: Math.max(fromMs, calendar.beginMs), toMs }, faults };
}

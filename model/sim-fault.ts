/** One fault of the simulated village, from whatever somebody wrote: a file, a command line, a call. */
import type { ConfigFault, Parsed } from './fault.ts';
import { nearest } from './nearest.ts';
import { FAULT_KINDS, type FaultKind, type FaultSize } from './sim-fault-catalogue.ts';

/** It acts in `[fromMs, toMs)`. */
export interface SimFault {
  readonly id: string;
  readonly kind: string;
  readonly target: string;
  readonly metric: string | null;
  readonly fromMs: number;
  /** Null: until it is ended. */
  readonly toMs: number | null;
  /** By name of the size, in its unit; every size of the kind but the unchosen of a `oneOf`. */
  readonly sizes: Readonly<Record<string, number>>;
}

/** A fault as somebody asks for it; the rest is filled in by its kind. `raw`: metric and sizes as written. */
export type FaultRequest = Omit<SimFault, 'sizes' | 'metric'> & { readonly raw: Readonly<Record<string, unknown>> };

/** Whole ms up to here are written and read everywhere: the end of the year 9999. */
const LATEST_MS = Date.UTC(10_000, 0) - 1;

/** Paths of faults are keys of `raw`, or `kind`, `from`, `until`. Whether the target exists is the village's to say. */
export function parseSimFault({ raw, ...request }: FaultRequest): Parsed<SimFault> {
  const kind = FAULT_KINDS.get(request.kind);
  if (!kind) return { ok: false, faults: [at('kind', unknownKind(request.kind))] };
  const metric = parseMetric(kind, raw);
  const sizes = parseSizes(kind, raw);
  const faults = [...metric.faults, ...sizes.faults, ...unknownKeys(kind, raw), ...timeFaults(request)];
  if (faults.length > 0) return { ok: false, faults };
  return { ok: true, value: { ...request, metric: metric.value, sizes: sizes.value } };
}

function timeFaults({ fromMs, toMs }: Pick<SimFault, 'fromMs' | 'toMs'>): ConfigFault[] {
  const times = [['from', fromMs] as const, ...(toMs === null ? [] : [['until', toMs] as const])];
  return times
    .filter(([, ms]) => !(Number.isInteger(ms) && ms >= 0 && ms <= LATEST_MS))
    .map(([key]) => at(key, 'expected a time in whole ms, before the year 10000'));
}

function unknownKind(kind: string): string {
  const near = nearest(kind, FAULT_KINDS.keys());
  const hint = near ? `did you mean ${near}?` : `there is ${[...FAULT_KINDS.keys()].join(', ')}`;
  return `no such fault: "${kind}"; ${hint}`;
}

interface Part<T> {
  readonly value: T;
  readonly faults: readonly ConfigFault[];
}

function parseMetric(kind: FaultKind, { metric = null }: FaultRequest['raw']): Part<string | null> {
  const isText = typeof metric === 'string' && metric !== '';
  if (kind.metric === undefined && metric !== null) return none('metric', `${kind.kind} takes no metric`);
  if (kind.metric === 'required' && metric === null) return none('metric', 'expected a metric of the device');
  if (metric !== null && !isText) return none('metric', 'expected the name of a metric');
  return { value: isText ? metric : null, faults: [] };
}

function none(key: string, message: string): Part<null> {
  return { value: null, faults: [at(key, message)] };
}

function parseSizes(kind: FaultKind, raw: FaultRequest['raw']): Part<Record<string, number>> {
  const faults: ConfigFault[] = [];
  const value: Record<string, number> = {};
  for (const size of kind.sizes) {
    const given = raw[size.name] ?? size.fallback;
    if (isWithin(size, given)) value[size.name] = given;
    else if (given !== null) {
      faults.push(at(size.name, `expected ${describeRange(size)} (got ${shown(given)})`));
    } else if (!size.oneOf) faults.push(at(size.name, `expected ${describeRange(size)}`));
  }
  return { value, faults: [...faults, ...choiceFaults(kind, raw)] };
}

function isWithin({ min, max, isWhole }: FaultSize, given: unknown): given is number {
  return typeof given === 'number' && given >= min && given <= max && (!isWhole || Number.isInteger(given));
}

function choiceFaults({ sizes }: FaultKind, raw: FaultRequest['raw']): ConfigFault[] {
  const choices = sizes.filter(({ oneOf }) => oneOf !== undefined);
  const given = choices.filter(({ name }) => raw[name] !== undefined && raw[name] !== null);
  if (choices.length === 0 || given.length === 1) return [];
  const names = choices.map(({ name }) => name).join(' or ');
  return [at(given[1]?.name ?? choices[0]?.name ?? '', `expected either ${names}`)];
}

function unknownKeys(kind: FaultKind, raw: FaultRequest['raw']): ConfigFault[] {
  const known = [...kind.sizes.map(({ name }) => name), ...(kind.metric === undefined ? [] : ['metric'])];
  return Object.keys(raw)
    .filter((key) => key !== 'metric' && !known.includes(key))
    .map((key) =>
      at(
        key,
        `${kind.kind} knows no "${key}"; ${known.length > 0 ? `it takes ${known.join(', ')}` : 'it takes nothing'}`,
      ),
    );
}

/** `a whole number from 1 to 3`, `m3/h from 0.01 to 5000` */
function describeRange({ unit, min, max, isWhole }: FaultSize): string {
  return `${unit || (isWhole ? 'a whole number' : 'a number')} from ${min} to ${max}`;
}

/** JSON has no NaN. */
function shown(given: unknown): string {
  return typeof given === 'number' ? String(given) : JSON.stringify(given);
}

function at(key: string, message: string): ConfigFault {
  return { path: [key], message };
}

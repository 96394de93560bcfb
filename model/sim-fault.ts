/** Faults that the simulator can play: their kinds, what each may befall, and its size. One table for file, HTTP and page. */
import type { ConfigFault, Parsed } from './fault.ts';

/** What a fault befalls: an element of the network file, or something of the plant file. */
export type FaultTarget =
  | 'pipe'
  | 'junction'
  | 'link'
  | 'pump'
  | 'treatment'
  | 'circuit'
  | 'cabinet'
  | 'device'
  | 'site'
  | 'asset';

export interface FaultSize {
  readonly name: string;
  /** As people read it; empty for a pure number. */
  readonly unit: string;
  readonly min: number;
  readonly max: number;
  /** Taken where none is given; null: it must be given (or another of the same `oneOf`). */
  readonly fallback: number | null;
  /** Exactly one of those that bear the same word is given. */
  readonly oneOf?: string;
}

export type FaultDomain = 'water' | 'light' | 'device' | 'link' | 'power' | 'modbus';

export interface FaultKind {
  readonly kind: string;
  readonly domain: FaultDomain;
  readonly targets: readonly FaultTarget[];
  readonly sizes: readonly FaultSize[];
  /** Whether it may name a metric of its device: required, or all of the device's without one. */
  readonly metric?: 'required' | 'optional';
}

/** One fault of the simulated village. It acts in `[fromMs, toMs)`. */
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

const flowM3h = size('flowM3h', 'm3/h', 0.01, 5000, null);

function size(name: string, unit: string, min: number, max: number, fallback: number | null): FaultSize {
  return { name, unit, min, max, fallback };
}

const LEAK_SIZES: readonly FaultSize[] = [
  { ...flowM3h, oneOf: 'how large' },
  { ...size('holeMm', 'mm', 0.5, 1000, null), oneOf: 'how large' },
];
const count = size('count', '', 1, 10_000, 1);

/** Which faults the simulator knows. */
export const FAULT_KINDS: ReadonlyMap<string, FaultKind> = new Map(
  (
    [
      // Water
      { kind: 'burst', domain: 'water', targets: ['pipe'], sizes: LEAK_SIZES },
      { kind: 'leak', domain: 'water', targets: ['pipe'], sizes: [...LEAK_SIZES, size('growsH', 'h', 0, 8760, 0)] },
      { kind: 'hydrant', domain: 'water', targets: ['junction'], sizes: [flowM3h] },
      { kind: 'pump-failure', domain: 'water', targets: ['pump'], sizes: [] },
      { kind: 'valve-closed', domain: 'water', targets: ['link'], sizes: [] },
      { kind: 'valve-open', domain: 'water', targets: ['link'], sizes: [] },
      { kind: 'well-falls', domain: 'water', targets: ['pump'], sizes: [size('byM', 'm', 0.1, 200, null)] },
      { kind: 'dosing-failure', domain: 'water', targets: ['treatment'], sizes: [size('doseMgL', 'mg/L', 0, 20, 0)] },
      { kind: 'uv-failure', domain: 'water', targets: ['treatment'], sizes: [] },
      { kind: 'turbidity', domain: 'water', targets: ['treatment'], sizes: [size('ntu', 'NTU', 0.1, 4000, 12)] },
      // Habits of a village, as switches
      {
        kind: 'intermittent-supply',
        domain: 'water',
        targets: ['link'],
        sizes: [size('onHour', 'h', 0, 24, 6), size('offHour', 'h', 0, 24, 9)],
      },
      {
        kind: 'irrigation',
        domain: 'water',
        targets: ['site'],
        sizes: [size('litresPerConnectionDay', 'L', 1, 5000, 400)],
      },
      {
        kind: 'frost-taps',
        domain: 'water',
        targets: ['site'],
        sizes: [size('litresPerConnectionHour', 'L', 1, 500, 20)],
      },
      { kind: 'ramadan', domain: 'water', targets: ['site'], sizes: [] },
      // Light
      { kind: 'lamp-out', domain: 'light', targets: ['circuit'], sizes: [count] },
      { kind: 'day-burner', domain: 'light', targets: ['circuit'], sizes: [count] },
      { kind: 'lamp-cycling', domain: 'light', targets: ['circuit'], sizes: [count] },
      { kind: 'dimming-failure', domain: 'light', targets: ['circuit'], sizes: [] },
      { kind: 'capacitor-failure', domain: 'light', targets: ['circuit'], sizes: [] },
      { kind: 'theft', domain: 'light', targets: ['circuit'], sizes: [size('watt', 'W', 1, 50_000, 500)] },
      { kind: 'contactor-stuck-on', domain: 'light', targets: ['circuit'], sizes: [] },
      { kind: 'contactor-stuck-off', domain: 'light', targets: ['circuit'], sizes: [] },
      { kind: 'breaker-tripped', domain: 'light', targets: ['circuit'], sizes: [] },
      { kind: 'lights-forced-on', domain: 'light', targets: ['cabinet'], sizes: [] },
      {
        kind: 'light-clock-wrong',
        domain: 'light',
        targets: ['cabinet'],
        sizes: [size('byMin', 'min', -720, 720, null)],
      },
      { kind: 'phase-loss', domain: 'light', targets: ['cabinet'], sizes: [size('phase', '', 1, 3, 1)] },
      { kind: 'broken-neutral', domain: 'light', targets: ['cabinet'], sizes: [] },
      { kind: 'supply-voltage', domain: 'light', targets: ['cabinet'], sizes: [size('volt', 'V', 100, 300, 185)] },
      { kind: 'door-open', domain: 'light', targets: ['cabinet'], sizes: [] },
      // What a device says of it
      { kind: 'stuck', domain: 'device', targets: ['device'], metric: 'optional', sizes: [] },
      {
        kind: 'drift',
        domain: 'device',
        targets: ['device'],
        metric: 'required',
        sizes: [size('perDay', '', -1e6, 1e6, null)],
      },
      {
        kind: 'offset',
        domain: 'device',
        targets: ['device'],
        metric: 'required',
        sizes: [size('by', '', -1e6, 1e6, null)],
      },
      {
        kind: 'noise',
        domain: 'device',
        targets: ['device'],
        metric: 'required',
        sizes: [size('deviation', '', 0, 1e6, null)],
      },
      {
        kind: 'spikes',
        domain: 'device',
        targets: ['device'],
        metric: 'required',
        sizes: [size('height', '', -1e6, 1e6, null), size('perDay', '', 0.01, 1440, 12)],
      },
      { kind: 'failed-read', domain: 'device', targets: ['device'], metric: 'optional', sizes: [] },
      { kind: 'silent', domain: 'device', targets: ['device'], sizes: [] },
      { kind: 'counter-reset', domain: 'device', targets: ['device'], metric: 'optional', sizes: [] },
      {
        kind: 'counter-roll-over',
        domain: 'device',
        targets: ['device'],
        metric: 'optional',
        sizes: [size('at', '', 1, 1e9, 10_000)],
      },
      { kind: 'clock-skew', domain: 'device', targets: ['device'], sizes: [size('byS', 's', -1e8, 1e8, null)] },
      { kind: 'clock-unset', domain: 'device', targets: ['device'], sizes: [] },
      { kind: 'clock-missing', domain: 'device', targets: ['device'], sizes: [] },
      {
        kind: 'battery-sag',
        domain: 'device',
        targets: ['device'],
        sizes: [size('toVolt', 'V', 0, 60, 11.2), size('overH', 'h', 0.1, 1000, 6)],
      },
      // How its reports leave: of a gateway, those of all its devices
      { kind: 'link-down', domain: 'link', targets: ['device'], sizes: [] },
      { kind: 'link-lossy', domain: 'link', targets: ['device'], sizes: [size('percent', '%', 1, 100, 30)] },
      { kind: 'link-late', domain: 'link', targets: ['device'], sizes: [size('byS', 's', 1, 86_400, 120)] },
      { kind: 'link-duplicates', domain: 'link', targets: ['device'], sizes: [size('percent', '%', 1, 100, 30)] },
      { kind: 'link-reorders', domain: 'link', targets: ['device'], sizes: [size('withinS', 's', 1, 86_400, 300)] },
      { kind: 'operator-outage', domain: 'link', targets: ['site'], sizes: [] },
      { kind: 'power-cut', domain: 'power', targets: ['site', 'asset'], sizes: [] },
      // What a Modbus unit does wrong on the wire
      { kind: 'modbus-silent', domain: 'modbus', targets: ['device'], sizes: [] },
      { kind: 'modbus-late', domain: 'modbus', targets: ['device'], sizes: [size('byMs', 'ms', 1, 60_000, 1500)] },
      { kind: 'modbus-short', domain: 'modbus', targets: ['device'], sizes: [] },
      { kind: 'modbus-bad-crc', domain: 'modbus', targets: ['device'], sizes: [] },
      { kind: 'modbus-wrong-unit', domain: 'modbus', targets: ['device'], sizes: [] },
      { kind: 'modbus-exception', domain: 'modbus', targets: ['device'], sizes: [size('code', '', 1, 11, 4)] },
      { kind: 'modbus-garbage', domain: 'modbus', targets: ['device'], sizes: [] },
    ] satisfies FaultKind[]
  ).map((kind) => [kind.kind, kind]),
);

/** A fault as somebody asks for it; the rest is filled in by its kind. */
export type FaultRequest = Omit<SimFault, 'sizes' | 'metric'> & { readonly raw: Readonly<Record<string, unknown>> };

/** `raw`: metric and sizes as written. Paths of faults are keys of it, or `kind`. Whether the target exists is the village's to say. */
export function parseSimFault({ raw, ...request }: FaultRequest): Parsed<SimFault> {
  const kind = FAULT_KINDS.get(request.kind);
  if (!kind) return fault('kind', `no such fault: "${request.kind}"; there is ${[...FAULT_KINDS.keys()].join(', ')}`);
  const faults: ConfigFault[] = [];
  const sizes: Record<string, number> = {};
  for (const each of kind.sizes) {
    const value = raw[each.name] ?? each.fallback;
    if (value === null) {
      if (!each.oneOf) faults.push({ path: [each.name], message: `expected ${describeSize(each)}` });
    } else if (typeof value !== 'number' || !(value >= each.min && value <= each.max)) {
      faults.push({ path: [each.name], message: `expected ${describeSize(each)} (got ${JSON.stringify(value)})` });
    } else sizes[each.name] = value;
  }
  const choices = kind.sizes.filter(({ oneOf }) => oneOf);
  if (choices.length > 0 && choices.filter(({ name }) => raw[name] !== undefined).length !== 1) {
    faults.push({ path: [], message: `expected one of ${choices.map(({ name }) => name).join(' and ')}` });
  }
  const { metric = null } = raw as { metric?: string | null };
  if (metric !== null && (!kind.metric || typeof metric !== 'string')) {
    faults.push({
      path: ['metric'],
      message: kind.metric ? 'expected the name of a metric' : `${kind.kind} takes no metric`,
    });
  }
  if (metric === null && kind.metric === 'required') faults.push({ path: ['metric'], message: 'expected a metric' });
  const known = new Set(['metric', ...kind.sizes.map(({ name }) => name)]);
  for (const key of Object.keys(raw)) {
    if (!known.has(key)) faults.push({ path: [key], message: `${kind.kind} knows no "${key}"` });
  }
  if (faults.length > 0) return { ok: false, faults };
  return { ok: true, value: { ...request, metric, sizes } };
}

function describeSize({ name, unit, min, max }: FaultSize): string {
  return `${name}, a number of ${unit || 'its own'} from ${min} to ${max}`.replace(' of its own', '');
}

function fault(key: string, message: string): Parsed<never> {
  return { ok: false, faults: [{ path: [key], message }] };
}

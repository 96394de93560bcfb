/** Faults that the simulator can play: their kinds, what each may befall, and its size. One table for file, command line, HTTP and page. */

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
  /** In the unit of the fault's metric, or of its device's counters, as far as `unit` is empty. */
  readonly isOfMetric: boolean;
  readonly isWhole: boolean;
  readonly min: number;
  readonly max: number;
  /** Taken where none is given; null: it must be given (or another of the same `oneOf`). */
  readonly fallback: number | null;
  /** What a form proposes. */
  readonly example: number;
  /** Exactly one of those that bear the same word is given. */
  readonly oneOf?: string;
}

export const FAULT_DOMAINS = ['water', 'light', 'device', 'link', 'power', 'modbus'] as const;
export type FaultDomain = (typeof FAULT_DOMAINS)[number];

export interface FaultKind {
  readonly kind: string;
  readonly domain: FaultDomain;
  readonly targets: readonly FaultTarget[];
  readonly sizes: readonly FaultSize[];
  /** Whether it may name a metric of its device: required, or all of the device's without one. */
  readonly metric?: 'required' | 'optional';
}

type Row = Pick<FaultKind, 'kind' | 'targets' | 'metric'> & { readonly sizes?: readonly FaultSize[] };

/** `fallback`: it may be left out. Else it must be given, and `example` is what a form proposes. */
type SizeValue = { readonly fallback: number } | { readonly example: number };

function size(name: string, unit: string, [min, max]: readonly [number, number], value: SizeValue): FaultSize {
  const fallback = 'fallback' in value ? value.fallback : null;
  const example = 'fallback' in value ? value.fallback : value.example;
  return { name, unit, isOfMetric: false, isWhole: false, min, max, fallback, example };
}

const whole = (of: FaultSize): FaultSize => ({ ...of, isWhole: true });
const ofMetric = (of: FaultSize): FaultSize => ({ ...of, isOfMetric: true });

const flowM3h = size('flowM3h', 'm3/h', [0.01, 5000], { example: 12 });
const leakSizes: readonly FaultSize[] = [
  { ...flowM3h, oneOf: 'how large' },
  { ...size('holeMm', 'mm', [0.5, 1000], { example: 20 }), oneOf: 'how large' },
];
const lamps = whole(size('count', '', [1, 10_000], { fallback: 1 }));
const percent = size('percent', '%', [1, 100], { fallback: 30 });

const WATER: readonly Row[] = [
  { kind: 'burst', targets: ['pipe'], sizes: leakSizes },
  { kind: 'leak', targets: ['pipe'], sizes: [...leakSizes, size('growsH', 'h', [0, 8760], { fallback: 0 })] },
  { kind: 'hydrant', targets: ['junction'], sizes: [flowM3h] },
  { kind: 'pump-failure', targets: ['pump'] },
  { kind: 'valve-closed', targets: ['link'] },
  { kind: 'valve-open', targets: ['link'] },
  { kind: 'well-falls', targets: ['pump'], sizes: [size('byM', 'm', [0.1, 200], { example: 5 })] },
  { kind: 'dosing-failure', targets: ['treatment'], sizes: [size('doseMgL', 'mg/L', [0, 20], { fallback: 0 })] },
  { kind: 'uv-failure', targets: ['treatment'] },
  { kind: 'turbidity', targets: ['treatment'], sizes: [size('ntu', 'NTU', [0.1, 4000], { fallback: 12 })] },
  // Habits of a village, as switches.
  {
    kind: 'intermittent-supply',
    targets: ['link'],
    sizes: [size('onHour', 'h', [0, 24], { fallback: 6 }), size('offHour', 'h', [0, 24], { fallback: 9 })],
  },
  {
    kind: 'irrigation',
    targets: ['site'],
    sizes: [size('litresPerConnectionDay', 'L', [1, 5000], { fallback: 400 })],
  },
  {
    kind: 'frost-taps',
    targets: ['site'],
    sizes: [size('litresPerConnectionHour', 'L', [1, 500], { fallback: 20 })],
  },
  { kind: 'ramadan', targets: ['site'] },
];

const LIGHT: readonly Row[] = [
  { kind: 'lamp-out', targets: ['circuit'], sizes: [lamps] },
  { kind: 'day-burner', targets: ['circuit'], sizes: [lamps] },
  { kind: 'lamp-cycling', targets: ['circuit'], sizes: [lamps] },
  { kind: 'dimming-failure', targets: ['circuit'] },
  { kind: 'capacitor-failure', targets: ['circuit'] },
  { kind: 'theft', targets: ['circuit'], sizes: [size('watt', 'W', [1, 50_000], { fallback: 500 })] },
  { kind: 'contactor-stuck-on', targets: ['circuit'] },
  { kind: 'contactor-stuck-off', targets: ['circuit'] },
  { kind: 'breaker-tripped', targets: ['circuit'] },
  { kind: 'lights-forced-on', targets: ['cabinet'] },
  { kind: 'light-clock-wrong', targets: ['cabinet'], sizes: [size('byMin', 'min', [-720, 720], { example: 60 })] },
  { kind: 'phase-loss', targets: ['cabinet'], sizes: [whole(size('phase', '', [1, 3], { fallback: 1 }))] },
  { kind: 'broken-neutral', targets: ['cabinet'] },
  { kind: 'supply-voltage', targets: ['cabinet'], sizes: [size('volt', 'V', [100, 300], { fallback: 185 })] },
  { kind: 'door-open', targets: ['cabinet'] },
];

const anyNumber = [-1e6, 1e6] as const;

/** What a device says of what it sees. */
const DEVICE: readonly Row[] = (
  [
    { kind: 'stuck', metric: 'optional' },
    { kind: 'drift', metric: 'required', sizes: [ofMetric(size('perDay', '', anyNumber, { example: 1 }))] },
    { kind: 'offset', metric: 'required', sizes: [ofMetric(size('by', '', anyNumber, { example: 1 }))] },
    { kind: 'noise', metric: 'required', sizes: [ofMetric(size('deviation', '', [0, 1e6], { example: 1 }))] },
    {
      kind: 'spikes',
      metric: 'required',
      sizes: [
        ofMetric(size('height', '', anyNumber, { example: 10 })),
        size('perDay', '', [0.01, 1440], { fallback: 12 }),
      ],
    },
    { kind: 'failed-read', metric: 'optional' },
    { kind: 'silent' },
    { kind: 'counter-reset', metric: 'optional' },
    {
      kind: 'counter-roll-over',
      metric: 'optional',
      sizes: [ofMetric(size('rollsAt', '', [1, 1e9], { fallback: 10_000 }))],
    },
    { kind: 'clock-skew', sizes: [size('byS', 's', [-1e8, 1e8], { example: 3600 })] },
    { kind: 'clock-unset' },
    { kind: 'clock-missing' },
    {
      kind: 'battery-sag',
      sizes: [size('toPercent', '%', [0, 100], { fallback: 82 }), size('overH', 'h', [0.1, 1000], { fallback: 6 })],
    },
  ] satisfies readonly Omit<Row, 'targets'>[]
).map((row) => ({ ...row, targets: ['device'] }));

/** How reports leave: of a gateway, those of all its devices. */
const LINK: readonly Row[] = [
  { kind: 'link-down', targets: ['device'] },
  { kind: 'link-lossy', targets: ['device'], sizes: [percent] },
  { kind: 'link-late', targets: ['device'], sizes: [size('byS', 's', [1, 86_400], { fallback: 120 })] },
  { kind: 'link-duplicates', targets: ['device'], sizes: [percent] },
  { kind: 'link-reorders', targets: ['device'], sizes: [size('withinS', 's', [1, 86_400], { fallback: 300 })] },
  { kind: 'operator-outage', targets: ['site'] },
];

const POWER: readonly Row[] = [{ kind: 'power-cut', targets: ['site', 'asset'] }];

/** What a Modbus unit does wrong on the wire. */
const MODBUS: readonly Row[] = [
  { kind: 'modbus-silent', targets: ['device'] },
  { kind: 'modbus-late', targets: ['device'], sizes: [size('byMs', 'ms', [1, 60_000], { fallback: 1500 })] },
  { kind: 'modbus-short', targets: ['device'] },
  { kind: 'modbus-bad-crc', targets: ['device'] },
  { kind: 'modbus-wrong-unit', targets: ['device'] },
  { kind: 'modbus-exception', targets: ['device'], sizes: [whole(size('code', '', [1, 11], { fallback: 4 }))] },
  { kind: 'modbus-garbage', targets: ['device'] },
];

const BY_DOMAIN: Readonly<Record<FaultDomain, readonly Row[]>> = {
  water: WATER,
  light: LIGHT,
  device: DEVICE,
  link: LINK,
  power: POWER,
  modbus: MODBUS,
};

/** Which faults the simulator knows, by kind, in the order of their domains. */
export const FAULT_KINDS: ReadonlyMap<string, FaultKind> = new Map(
  FAULT_DOMAINS.flatMap((domain) => BY_DOMAIN[domain].map((row) => ({ sizes: [], ...row, domain }))).map((kind) => [
    kind.kind,
    kind,
  ]),
);

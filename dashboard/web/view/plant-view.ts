/** The plant, arranged as the page shows it. Pure: nothing here knows a particular village. */
import type { AssetWire, CircuitWire, DeviceWire, PlantWire, ZoneWire } from '../../wire.ts';

export interface SeriesRef {
  readonly device: string;
  readonly metric: string;
}

export interface TankView {
  readonly asset: AssetWire;
  readonly level: SeriesRef | null;
  readonly extra: readonly SeriesRef[];
}

/** A borehole or pump. */
export interface SourceView {
  readonly asset: AssetWire;
  readonly running: SeriesRef | null;
  readonly fault: SeriesRef | null;
  readonly values: readonly SeriesRef[];
}

export interface ZoneView {
  readonly zone: ZoneWire;
  readonly inlets: readonly SeriesRef[];
  readonly outlets: readonly SeriesRef[];
  readonly storage: readonly SeriesRef[];
}

/** Any other asset: its name and what it measures. */
export interface PointView {
  readonly asset: AssetWire;
  readonly values: readonly SeriesRef[];
}

export interface CircuitView {
  readonly circuit: CircuitWire;
  readonly contactor: SeriesRef | null;
  readonly breaker: SeriesRef | null;
  readonly power: SeriesRef | null;
  readonly installedW: number;
  readonly lamps: number;
}

export interface CabinetView {
  /** Null: circuits without one. */
  readonly id: string | null;
  readonly site: string;
  /** Null where circuits name a cabinet that the plant does not have. */
  readonly asset: AssetWire | null;
  readonly circuits: readonly CircuitView[];
  readonly voltages: readonly SeriesRef[];
  readonly states: readonly SeriesRef[];
}

export interface OtherView {
  readonly device: string;
  readonly values: readonly SeriesRef[];
}

export interface PlantView {
  readonly tanks: readonly TankView[];
  readonly sources: readonly SourceView[];
  readonly zones: readonly ZoneView[];
  readonly pressures: readonly PointView[];
  readonly points: readonly PointView[];
  readonly cabinets: readonly CabinetView[];
  readonly others: readonly OtherView[];
}

export const keyOf = (ref: SeriesRef): string => `${ref.device}/${ref.metric}`;

function parseRef(text: string): SeriesRef {
  const dot = text.indexOf('.');
  return { device: text.slice(0, dot), metric: text.slice(dot + 1) };
}

const SOURCE_KINDS = new Set(['borehole', 'pump']);
const CABINET_KIND = 'cabinet';
/** Assets that serve the devices rather than the village: shown with the devices. */
const DEVICE_KINDS = new Set(['gateway']);
const SOURCE_METRICS = ['active_power', 'flow_rate', 'pressure', 'well_level'];
const CABINET_METRICS = ['mains_ok', 'door_open'];
const VOLTAGES = ['voltage_l1', 'voltage_l2', 'voltage_l3'];
/** In `others` first what a newcomer looks for, then counters and the device's own health. */
const HEALTH_METRICS = new Set(['battery', 'signal']);

export function plantView(plant: PlantWire, seen: ReadonlySet<string>): PlantView {
  const lookup = new Lookup(plant, seen);
  const zones = plant.zones.map(zoneView);
  const cabinets = cabinetViews(plant, lookup);
  const shown = shownElsewhere(zones, cabinets);
  const ofKind = (test: (kind: string) => boolean) => plant.assets.filter((asset) => test(asset.kind));
  const plain = ofKind((kind) => isPlain(kind)).map((asset) => pointView(asset, lookup, shown));
  const points = plain.filter((point) => point.values.length > 0);
  return {
    tanks: ofKind((kind) => kind === 'reservoir').map((asset) => tankView(asset, lookup)),
    sources: ofKind((kind) => SOURCE_KINDS.has(kind)).map((asset) => sourceView(asset, lookup)),
    zones,
    pressures: points.filter(isPressureOnly),
    points: points.filter((point) => !isPressureOnly(point)),
    cabinets,
    others: otherViews(plant, lookup, shown),
  };
}

/** Finds series by asset; a metric that was seen goes before one that is only declared. */
class Lookup {
  readonly plant: PlantWire;
  private readonly seen: ReadonlySet<string>;
  private readonly byAsset = new Map<string, DeviceWire[]>();

  constructor(plant: PlantWire, seen: ReadonlySet<string>) {
    this.plant = plant;
    this.seen = seen;
    for (const device of plant.devices) {
      if (device.asset !== null) this.byAsset.set(device.asset, [...this.devicesOf(device.asset), device]);
    }
  }

  devicesOf(asset: string): readonly DeviceWire[] {
    return this.byAsset.get(asset) ?? [];
  }

  find(asset: string, metric: string): SeriesRef | null {
    const devices = this.devicesOf(asset).filter((device) => device.metrics.includes(metric));
    const device =
      devices.find((d) => this.seen.has(keyOf({ device: d.id, metric }))) ?? devices.find((d) => isProfiled(d));
    return device ? { device: device.id, metric } : null;
  }

  findAll(asset: string, metrics: readonly string[]): SeriesRef[] {
    return metrics.map((metric) => this.find(asset, metric)).filter((ref) => ref !== null);
  }

  /** What a device reports: what it was seen to, and what its profile promises. */
  metricsOf(device: DeviceWire): SeriesRef[] {
    return device.metrics
      .map((metric) => ({ device: device.id, metric }))
      .filter((ref) => isProfiled(device) || this.seen.has(keyOf(ref)));
  }

  /** As `metricsOf`, without what only adds up. */
  gaugesOf(asset: string): SeriesRef[] {
    const all = this.devicesOf(asset).flatMap((device) => this.metricsOf(device));
    return all.filter((ref) => this.plant.metrics[ref.metric]?.kind !== 'counter' && !HEALTH_METRICS.has(ref.metric));
  }

  seenOutsidePlant(): SeriesRef[] {
    const known = new Set(this.plant.devices.map((d) => d.id));
    return [...this.seen]
      .map((key) => ({ device: key.split('/')[0] ?? '', metric: key.split('/')[1] ?? '' }))
      .filter((ref) => !known.has(ref.device));
  }
}

/** A device without a profile may report anything: its list of metrics promises nothing. */
function isProfiled(device: DeviceWire): boolean {
  return device.kind !== 'device';
}

function isPlain(kind: string): boolean {
  return kind !== 'reservoir' && kind !== CABINET_KIND && !SOURCE_KINDS.has(kind) && !DEVICE_KINDS.has(kind);
}

function isPressureOnly(point: PointView): boolean {
  return point.values.every((ref) => ref.metric === 'pressure');
}

function tankView(asset: AssetWire, lookup: Lookup): TankView {
  const level = lookup.find(asset.id, 'level');
  const extra = lookup.gaugesOf(asset.id).filter((ref) => !level || keyOf(ref) !== keyOf(level));
  return { asset, level, extra };
}

function sourceView(asset: AssetWire, lookup: Lookup): SourceView {
  const running = lookup.find(asset.id, 'pump_running');
  const fault = lookup.find(asset.id, 'pump_fault');
  const first = lookup.findAll(asset.id, SOURCE_METRICS);
  const taken = new Set([...first, running, fault].filter((ref) => ref !== null).map(keyOf));
  const more = lookup.gaugesOf(asset.id).filter((ref) => !taken.has(keyOf(ref)));
  return { asset, running, fault, values: [...first, ...more] };
}

function zoneView(zone: ZoneWire): ZoneView {
  return {
    zone,
    inlets: zone.inlets.map(parseRef),
    outlets: zone.outlets.map(parseRef),
    storage: zone.storage.map(parseRef),
  };
}

function pointView(asset: AssetWire, lookup: Lookup, shown: ReadonlySet<string>): PointView {
  return { asset, values: lookup.gaugesOf(asset.id).filter((ref) => !shown.has(keyOf(ref))) };
}

function cabinetViews(plant: PlantWire, lookup: Lookup): CabinetView[] {
  const assets = plant.assets.filter((asset) => asset.kind === CABINET_KIND);
  const ids = new Set([...assets.map((asset) => asset.id), ...plant.circuits.map((circuit) => circuit.cabinet)]);
  return [...ids].map((id) => {
    const circuits = plant.circuits.filter((circuit) => circuit.cabinet === id);
    const asset = assets.find((a) => a.id === id) ?? null;
    return {
      id,
      asset,
      site: asset?.site ?? circuits[0]?.site ?? '',
      circuits: circuits.map((circuit) => circuitView(circuit, plant)),
      voltages: id === null ? [] : lookup.findAll(id, VOLTAGES),
      states: id === null ? [] : lookup.findAll(id, CABINET_METRICS),
    };
  });
}

function circuitView(circuit: CircuitWire, plant: PlantWire): CircuitView {
  const contactor = circuit.contactor ? parseRef(circuit.contactor) : null;
  const power = circuit.meter ? parseRef(circuit.meter) : null;
  const monitor = plant.devices.find((device) => device.id === (contactor ?? power)?.device);
  const breaker = monitor?.metrics.includes('breaker_closed') ? { device: monitor.id, metric: 'breaker_closed' } : null;
  return {
    circuit,
    contactor,
    breaker,
    power,
    installedW: circuit.lamps.reduce((sum, lamp) => sum + lamp.watt * lamp.count, 0),
    lamps: circuit.lamps.reduce((sum, lamp) => sum + lamp.count, 0),
  };
}

function shownElsewhere(zones: readonly ZoneView[], cabinets: readonly CabinetView[]): ReadonlySet<string> {
  const ofZones = zones.flatMap((zone) => [...zone.inlets, ...zone.outlets]);
  const ofCircuits = cabinets.flatMap((cabinet) => cabinet.circuits.flatMap((c) => [c.contactor, c.breaker, c.power]));
  return new Set([...ofZones, ...ofCircuits].filter((ref) => ref !== null).map(keyOf));
}

/** Devices of no asset (a newcomer's own), of unknown assets, gateways, and those that the plant does not list yet. */
function otherViews(plant: PlantWire, lookup: Lookup, shown: ReadonlySet<string>): OtherView[] {
  const kinds = new Map(plant.assets.map((asset) => [asset.id, asset.kind]));
  const isOther = ({ asset }: DeviceWire) =>
    asset === null || !kinds.has(asset) || DEVICE_KINDS.has(kinds.get(asset) ?? '');
  const declared = plant.devices.filter(isOther).map((device) => {
    const values = lookup.metricsOf(device);
    const isCovered = values.some((ref) => shown.has(keyOf(ref)));
    return { device: device.id, values, isCovered };
  });
  const strangers = new Map<string, SeriesRef[]>();
  for (const ref of lookup.seenOutsidePlant()) strangers.set(ref.device, [...(strangers.get(ref.device) ?? []), ref]);
  const uncovered = declared.filter((d) => !d.isCovered).map(({ device, values }) => ({ device, values }));
  const isGateway = ({ device }: OtherView) => plant.devices.some((d) => d.id === device && d.asset !== null);
  return [
    ...[...strangers].map(([device, values]) => ({ device, values })),
    ...uncovered.filter((other) => !isGateway(other)),
    ...uncovered.filter(isGateway),
  ];
}

/** From the house's own objects to what the browser gets. */
import type { Circuit } from '../model/circuit.ts';
import type { AssetId, DeviceId, SiteId } from '../model/ids.ts';
import { METRICS } from '../model/metric.ts';
import type { Asset, Device, Plant, Zone } from '../model/plant.ts';
import { type LiveValue, lateAfterMs, staleAfterMs } from '../model/reading.ts';
import type { Rule } from '../model/rule.ts';
import { FAULT_KINDS } from '../model/sim-fault-catalogue.ts';
import { litPeriod } from '../model/sun.ts';
import type { LimitWatch } from '../model/watch.ts';
import { limitsOf } from '../model/watches.ts';
import type { Simulator } from './ports.ts';
import type {
  AssetWire,
  CircuitWire,
  DeviceWire,
  LimitWire,
  LiveWire,
  NameWire,
  PlantWire,
  SimDetailWire,
  SimWire,
  ValueWire,
  ZoneWire,
} from './wire.ts';

export interface WireContext {
  readonly plant: Plant;
  readonly rules: readonly Rule[];
}

export function toLiveWire({ site, device, metric, value, ts, quality }: LiveValue, nowMs: number): LiveWire {
  const definition = METRICS.get(metric);
  const shown: ValueWire = definition?.type === 'boolean' && value !== null ? value === 1 : value;
  return { site, device, metric, value: shown, unit: definition?.unit ?? '', ts, quality, ageMs: nowMs - ts };
}

/** All but the circuits: those change by themselves, with the sun. */
export function toPlantWire({ plant, rules }: WireContext): Omit<PlantWire, 'circuits'> {
  return {
    sites: [...plant.sites.values()].map(({ id, name, lat, lon, timeZone, simulated }) => {
      return { id, name: named(name, id), lat, lon, timeZone, simulated: simulated !== false };
    }),
    assets: [...plant.assets.values()].map(toAssetWire),
    devices: [...plant.devices.values()].map(toDeviceWire),
    zones: plant.zones.map(toZoneWire),
    metrics: Object.fromEntries(
      [...METRICS.values()].map(({ name, unit, kind, type }) => [name, { unit, kind, type }]),
    ),
    limits: limitsOf(rules, plant).flatMap(toLimitWire),
  };
}

export function toCircuitsWire({ plant }: WireContext, nowMs: number): readonly CircuitWire[] {
  return plant.circuits.map((circuit) => toCircuitWire(circuit, plant, nowMs));
}

function toAssetWire(asset: Asset): AssetWire {
  const { id, site, kind, name } = asset;
  const base = { id, site, kind, name: named(name, id) };
  if (asset.kind !== 'reservoir') return base;
  const { levelVolume, overflowM, fireReserveM } = asset;
  return { ...base, levelVolume, overflowM, ...(fireReserveM !== undefined && { fireReserveM }) };
}

function toDeviceWire({ id, site, name, kind, asset, via, everyS, metrics }: Device): DeviceWire {
  const onChange = [...metrics.values()].filter((m) => m.reporting === 'on-change').map((m) => m.name);
  return {
    id,
    site,
    name: named(name, id),
    kind,
    asset: asset ?? null,
    via: via ?? null,
    everyS,
    lateAfterS: lateAfterMs(everyS) / 1000,
    staleAfterS: staleAfterMs(everyS) / 1000,
    metrics: [...metrics.keys()],
    onChange,
  };
}

function toZoneWire({ id, site, name, inlets, outlets, storage, connections, people, mainsKm }: Zone): ZoneWire {
  return {
    id,
    site,
    name: named(name, id),
    inlets,
    outlets,
    storage,
    connections: connections ?? null,
    people: people ?? null,
    mainsKm: mainsKm ?? null,
  };
}

function toCircuitWire(circuit: Circuit, plant: Plant, nowMs: number): CircuitWire {
  const { id, site, name, cabinet, meter, contactor, lamps, on, off } = circuit;
  const place = plant.sites.get(site);
  return {
    id,
    site,
    name: named(name, id),
    cabinet: cabinet ?? null,
    meter: meter ?? null,
    contactor: contactor ?? null,
    lamps,
    on,
    off,
    lit: place ? litPeriod(place, circuit, nowMs) : null,
  };
}

function toLimitWire({ rule, device, metric, below, above, is, priority }: LimitWatch): LimitWire[] {
  if (device === null || metric === null) return [];
  const finite = (limit: number): number | null => (Number.isFinite(limit) ? limit : null);
  const limit = { below: finite(below), above: finite(above), is: is === null ? null : is === 1 };
  return [{ rule, device, metric, ...limit, priority }];
}

export function toSimWire({ site, status, faults }: Simulator): SimWire {
  const { phase, failure, fromMs, toMs, doneMs, villageMs, speed, isPaused } = status();
  return {
    site: site.id,
    timeZone: site.timeZone,
    phase,
    failure,
    fromMs,
    toMs,
    doneMs,
    villageMs,
    speed: Number.isFinite(speed) ? speed : 'max',
    isPaused,
    faults: faults(),
  };
}

export function toSimDetailWire(simulator: Simulator, { plant }: WireContext): SimDetailWire {
  const targets = Object.entries(simulator.targets()).map(([target, ids]) => [
    target,
    ids.map((id) => ({ id, name: named(nameIn(plant, id), id) })),
  ]);
  const kinds = [...FAULT_KINDS.values()].filter(({ domain }) => domain !== 'modbus' || simulator.hasModbus);
  return { ...toSimWire(simulator), kinds, targets: Object.fromEntries(targets) };
}

/** Whatever of the plant bears the id; an element of the network file often bears that of an asset. */
function nameIn({ sites, assets, devices, circuits }: Plant, id: string): Asset['name'] {
  const found = assets.get(id as AssetId) ?? devices.get(id as DeviceId) ?? sites.get(id as SiteId);
  return (found ?? circuits.find((circuit) => circuit.id === id))?.name;
}

function named(name: { [Language in keyof NameWire]?: string | undefined } | undefined, id: string): NameWire {
  const { ky, ru, en } = name ?? {};
  if (ky === undefined && ru === undefined && en === undefined) return { en: id };
  return { ...(ky !== undefined && { ky }), ...(ru !== undefined && { ru }), ...(en !== undefined && { en }) };
}

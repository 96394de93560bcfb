/** From the house's own objects to what the browser gets. */
import { METRICS } from '../model/metric.ts';
import type { Asset, Circuit, Device, Plant, Zone } from '../model/plant.ts';
import { type LiveValue, lateAfterMs, staleAfterMs } from '../model/reading.ts';
import type { Rule } from '../model/rule.ts';
import { litPeriod } from '../model/sun.ts';
import type { LimitWatch } from '../model/watch.ts';
import { limitsOf } from '../model/watches.ts';
import type {
  AssetWire,
  CircuitWire,
  DeviceWire,
  LimitWire,
  LiveWire,
  NameWire,
  PlantWire,
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

export function toPlantWire({ plant, rules }: WireContext, nowMs: number): PlantWire {
  return {
    sites: [...plant.sites.values()].map(({ id, name, lat, lon, timeZone, simulated }) => {
      return { id, name: named(name, id), lat, lon, timeZone, simulated };
    }),
    assets: [...plant.assets.values()].map(toAssetWire),
    devices: [...plant.devices.values()].map(toDeviceWire),
    zones: plant.zones.map(toZoneWire),
    circuits: plant.circuits.map((circuit) => toCircuitWire(circuit, plant, nowMs)),
    metrics: Object.fromEntries(
      [...METRICS.values()].map(({ name, unit, kind, type }) => [name, { unit, kind, type }]),
    ),
    limits: limitsOf(rules, plant).flatMap(toLimitWire),
  };
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
    cabinet,
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

function named(name: { [Language in keyof NameWire]?: string | undefined } | undefined, id: string): NameWire {
  const { ky, ru, en } = name ?? {};
  if (ky === undefined && ru === undefined && en === undefined) return { en: id };
  return { ...(ky !== undefined && { ky }), ...(ru !== undefined && { ru }), ...(en !== undefined && { en }) };
}

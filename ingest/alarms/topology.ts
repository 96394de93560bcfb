/** Who depends on whom: found once from the plant, asked for every alarm. */
import type { Circuit } from '../../model/circuit.ts';
import type { DeviceId, SiteId } from '../../model/ids.ts';
import { type Device, type Plant, supplyOf } from '../../model/plant.ts';

/** A device with a link of its own, and all that speak through it. */
export interface Root {
  readonly device: Device;
  /** Itself among them. */
  readonly members: readonly Device[];
  readonly operator: string | null;
  readonly supply: string;
}

export interface Place {
  readonly device: Device;
  /** The gateways it speaks through, the nearest first. */
  readonly via: readonly Device[];
  readonly operator: string | null;
  readonly supply: string;
  readonly circuits: readonly Circuit[];
  readonly zones: readonly string[];
}

export interface Topology {
  place(device: DeviceId): Place | undefined;
  readonly roots: readonly Root[];
  sitesOf(supply: string): readonly SiteId[];
}

export function createTopology(plant: Plant): Topology {
  const places = new Map([...plant.devices.values()].map((device) => [device.id, placeOf(device, plant)]));
  const byRoot = Map.groupBy(places.values(), ({ device, via }) => via.at(-1) ?? device);
  const roots = [...byRoot].map(([device, members]): Root => {
    const { operator = null, supply = '' } = places.get(device.id) ?? {};
    return { device, members: members.map((member) => member.device), operator, supply };
  });
  const sites = Map.groupBy(plant.sites.values(), supplyOf);
  return {
    place: (device) => places.get(device),
    roots,
    sitesOf: (supply) => (sites.get(supply) ?? []).map(({ id }) => id),
  };
}

function placeOf(device: Device, plant: Plant): Place {
  const via = gatewaysOf(device, plant);
  const site = plant.sites.get(device.site);
  const isHere = (ref: string | undefined): boolean => ref?.split('.')[0] === device.id;
  return {
    device,
    via,
    operator:
      [device, ...via].map((each) => each.operator).find((name) => name !== undefined) ?? site?.operator ?? null,
    supply: site ? supplyOf(site) : device.site,
    circuits: plant.circuits.filter(({ meter, contactor }) => isHere(meter) || isHere(contactor)),
    zones: plant.zones.filter((z) => [...z.inlets, ...z.outlets, ...z.storage].some(isHere)).map(({ id }) => id),
  };
}

/** A plant file may name gateways in a circle: each counts once. */
function gatewaysOf(device: Device, plant: Plant): readonly Device[] {
  const found = new Set<Device>();
  for (
    let next = gatewayOf(device, plant);
    next && next !== device && !found.has(next);
    next = gatewayOf(next, plant)
  ) {
    found.add(next);
  }
  return [...found];
}

function gatewayOf({ via }: Device, plant: Plant): Device | undefined {
  return via === undefined ? undefined : plant.devices.get(via);
}

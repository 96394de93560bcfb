/** The share of the plant that this ingest takes: `mqtt.sites` (contract 1.2). */
import type { SiteId } from '../../model/ids.ts';
import type { Plant } from '../../model/plant.ts';
import type { Settings } from './settings.ts';

export interface OwnSites {
  readonly plant: Plant;
  /** Those left to other ingests. */
  readonly otherSites: readonly SiteId[];
}

export function ownSites({ mqtt }: Settings, plant: Plant): OwnSites {
  if (mqtt.sites === undefined) return { plant, otherSites: [] };
  const own = new Set<string>(mqtt.sites);
  const isOwn = ({ site }: { readonly site: string }): boolean => own.has(site);
  const byOwn = <T extends { readonly site: string }>(items: ReadonlyMap<string, T>): ReadonlyMap<string, T> =>
    new Map([...items].filter(([, item]) => isOwn(item)));
  return {
    plant: {
      sites: new Map([...plant.sites].filter(([id]) => own.has(id))),
      assets: byOwn(plant.assets),
      devices: byOwn(plant.devices),
      zones: plant.zones.filter(isOwn),
      circuits: plant.circuits.filter(isOwn),
    },
    otherSites: [...plant.sites.values()].map(({ id }) => id).filter((id) => !own.has(id)),
  };
}

/** Of the whole plant, by id. */
export function sitesIn({ plant, otherSites }: OwnSites): ReadonlySet<string> {
  return new Set([...plant.sites.keys(), ...otherSites]);
}

/** What is wrong with `mqtt.sites`, in sentences. */
export function faultsOfSites({ mqtt }: Settings, plant: Plant): string[] {
  const { sites = [], url } = mqtt;
  const unknown = sites
    .filter((site) => !plant.sites.has(site))
    .map((site) => `mqtt.sites: no site "${site}" in the plant`);
  if (sites.length === 0 || url !== undefined) return unknown;
  return [...unknown, 'mqtt.sites: ingests share sites at a broker of its own; expected mqtt.url'];
}

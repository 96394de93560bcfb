/** The plant as loaded, and what is looked up in it. Asked for again until it comes. */
import { batch, computed, signal } from '@preact/signals';
import type { AssetWire, DeviceWire, LimitWire, PlantWire, SiteWire } from '../../wire.ts';
import type { SeriesRef } from '../view/plant-view.ts';
import { plantView } from '../view/plant-view.ts';
import { fetchPlant, fetchSim } from './api.ts';
import { connections, seenKeys, sim } from './feed.ts';

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 20_000;
/** The lit period moves on with the days. */
const REFRESH_MS = 10 * 60_000;

export const plant = signal<PlantWire | null>(null);
export const plantFailed = signal(false);

const devices = computed(() => new Map(plant.value?.devices.map((device) => [device.id, device])));
const assets = computed(() => new Map(plant.value?.assets.map((asset) => [asset.id, asset])));
const sites = computed(() => new Map(plant.value?.sites.map((site) => [site.id, site])));

export const view = computed(() => (plant.value ? plantView(plant.value, seenKeys.value) : null));

export const deviceOf = (id: string): DeviceWire | undefined => devices.value.get(id);
export const assetOf = (id: string | null): AssetWire | undefined => (id ? assets.value.get(id) : undefined);
export const siteOf = (id: string | undefined): SiteWire | undefined =>
  (id ? sites.value.get(id) : undefined) ?? plant.value?.sites[0];
export const zoneTimeOf = (deviceId: string): string => siteOf(deviceOf(deviceId)?.site)?.timeZone ?? 'UTC';
export const unitOf = (metric: string): string => plant.value?.metrics[metric]?.unit ?? '';
export const isYesNo = (metric: string): boolean => plant.value?.metrics[metric]?.type === 'boolean';

export function limitsOf(ref: SeriesRef): readonly LimitWire[] {
  return plant.value?.limits.filter((limit) => limit.device === ref.device && limit.metric === ref.metric) ?? [];
}

let retryTimer: ReturnType<typeof setTimeout> | undefined;

export async function loadPlant(retryMs = FIRST_RETRY_MS): Promise<void> {
  clearTimeout(retryTimer);
  try {
    const loaded = await fetchPlant();
    batch(() => {
      plant.value = loaded;
      plantFailed.value = false;
    });
    if (loaded.sites.some((site) => site.simulated)) void loadSim();
  } catch {
    plantFailed.value = true;
    // With a random part: after a power cut every phone of the village comes back at the same second.
    const waitMs = retryMs * (0.75 + Math.random() / 2);
    retryTimer = setTimeout(() => loadPlant(Math.min(retryMs * 2, LONGEST_RETRY_MS)), waitMs);
  }
}

/** Only where something is simulated: elsewhere there is nobody to answer. The socket's word is newer. */
async function loadSim(): Promise<void> {
  const state = await fetchSim();
  sim.value ??= state;
}

/** Asks for the plant again now and then for the lit period, and after every reconnection: the server may be another. */
export function keepPlantFresh(): void {
  setInterval(refreshPlant, REFRESH_MS);
  let seen = connections.peek();
  connections.subscribe((count) => {
    if (count > seen && count > 1) refreshPlant();
    seen = count;
  });
}

function refreshPlant(): void {
  if (document.visibilityState !== 'visible' || !plant.peek()) return;
  void fetchPlant()
    .then((loaded) => {
      if (JSON.stringify(loaded) !== JSON.stringify(plant.peek())) plant.value = loaded;
    })
    // The page keeps what it has; the connection sign already tells of the link.
    .catch(() => {});
}

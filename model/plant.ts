/** The plant: everything under one installation, as `plant.yaml` declares it (contract 1.3). */
import { z } from 'zod';
import { type Circuit, circuitFaults, circuitSchema } from './circuit.ts';
import type { ConfigFault, Parsed } from './fault.ts';
import { parseWith, repeatedIds } from './fault.ts';
import type { AssetId, DeviceId, SiteId } from './ids.ts';
import { ANY_PROFILE, type Profile, type ProfileMetric } from './profile.ts';
import { idSchema as id, type LocalName, localNameSchema as name, seriesRefSchema as seriesRef } from './schema.ts';
import { INGEST_DEVICE } from './topic.ts';

const timeZone = z.string().refine(isTimeZone, 'expected a time zone such as Asia/Bishkek');

const operator = z.string().trim().min(1).max(100);

const siteSchema = z.strictObject({
  id,
  name: name.optional(),
  lat: z.number().min(-90).max(90),
  lon: z.number().min(-180).max(180),
  timeZone,
  /** An EPANET file, relative to the plant file. */
  network: z.string().optional(),
  /** The transformer or line that feeds it. */
  utilitySupply: id.optional(),
  /** The mobile operator of its gateways. */
  operator: operator.optional(),
  /** Its readings come from this program's simulator, or from one elsewhere, and the page says so. */
  simulated: z.union([z.boolean(), z.literal('elsewhere')], 'expected true, false or elsewhere').default(false),
});

const reservoirSchema = z.strictObject({
  id,
  site: id,
  kind: z.literal('reservoir'),
  name: name.optional(),
  /** Pairs of level m and volume m3, rising. */
  levelVolume: z
    .array(z.tuple([z.number(), z.number()]))
    .min(2)
    .refine(isRising, 'expected levels and volumes that rise from pair to pair'),
  overflowM: z.number(),
  /** Level under which only the fire brigade's water is left. */
  fireReserveM: z.number().optional(),
});

const ASSET_KINDS = [
  'borehole',
  'spring',
  'pump',
  'treatment',
  'main',
  'pressure-point',
  'cabinet',
  'gateway',
] as const;
const plainAssetSchema = z.strictObject({ id, site: id, kind: z.enum(ASSET_KINDS), name: name.optional() });

const deviceSchema = z.strictObject({
  id,
  site: id,
  name: name.optional(),
  profile: id.optional(),
  asset: id.optional(),
  /** The gateway that speaks for it: itself a device. */
  via: id.optional(),
  /** The element of the network file that it measures, where that is not named like itself or its asset. */
  element: z.string().min(1).optional(),
  /** The mobile operator of its modem, where it is not the site's. */
  operator: operator.optional(),
  everyS: z.number().positive().optional(),
});

const zoneSchema = z.strictObject({
  id,
  site: id,
  name: name.optional(),
  inlets: z.array(seriesRef).min(1),
  outlets: z.array(seriesRef).default([]),
  storage: z.array(seriesRef).default([]),
  connections: z.number().int().nonnegative().optional(),
  people: z.number().int().nonnegative().optional(),
  mainsKm: z.number().positive().optional(),
  tariffSomM3: z.number().nonnegative().optional(),
});

const plantSchema = z.strictObject({
  sites: z.array(siteSchema).min(1),
  assets: z.array(z.discriminatedUnion('kind', [reservoirSchema, plainAssetSchema])).default([]),
  devices: z.array(deviceSchema).min(1),
  zones: z.array(zoneSchema).default([]),
  circuits: z.array(circuitSchema).default([]),
});

type PlantFile = z.output<typeof plantSchema>;

export type Site = PlantFile['sites'][number] & { readonly id: SiteId };
export type Asset = PlantFile['assets'][number] & { readonly id: AssetId };
export type Zone = PlantFile['zones'][number];

export interface Device {
  readonly id: DeviceId;
  readonly site: SiteId;
  readonly name?: LocalName | undefined;
  readonly profile: string;
  readonly kind: string;
  readonly asset?: AssetId | undefined;
  readonly via?: DeviceId | undefined;
  /** Of the network file; without it, the one that bears the device's id or its asset's. */
  readonly element?: string | undefined;
  readonly operator?: string | undefined;
  /** Seconds between two reports. */
  readonly everyS: number;
  readonly metrics: ReadonlyMap<string, ProfileMetric>;
}

export interface Plant {
  readonly sites: ReadonlyMap<string, Site>;
  readonly assets: ReadonlyMap<string, Asset>;
  readonly devices: ReadonlyMap<string, Device>;
  readonly zones: readonly Zone[];
  readonly circuits: readonly Circuit[];
}

/** Reads a plant file's content; `profiles` by id. Every fault is listed, those of cross-references too. */
export function parsePlant(raw: unknown, profiles: ReadonlyMap<string, Profile>): Parsed<Plant> {
  const parsed = parseWith(plantSchema, raw);
  if (!parsed.ok) return parsed;
  const file = parsed.value;
  const faults = [
    ...repeatedIds(file.sites, 'sites'),
    ...repeatedIds(file.assets, 'assets'),
    ...repeatedIds(file.devices, 'devices'),
    ...repeatedIds(file.zones, 'zones'),
    ...repeatedIds(file.circuits, 'circuits'),
    ...brokenReferences(file, profiles),
  ];
  if (faults.length > 0) return { ok: false, faults };
  return {
    ok: true,
    value: {
      sites: byId(file.sites as Site[]),
      assets: byId(file.assets as Asset[]),
      devices: byId(file.devices.map((device) => toDevice(device, profiles))),
      zones: file.zones,
      circuits: file.circuits,
    },
  };
}

/** The sites whose readings this program's simulator makes. */
export function simulatedHere({ sites }: Pick<Plant, 'sites'>): readonly Site[] {
  return [...sites.values()].filter(({ simulated }) => simulated === true);
}

/** The utility supply that a site hangs on: without a named one, one of its own. */
export function supplyOf({ id, utilitySupply }: Pick<Site, 'id' | 'utilitySupply'>): string {
  return utilitySupply ?? id;
}

function toDevice(file: PlantFile['devices'][number], profiles: ReadonlyMap<string, Profile>): Device {
  const profile = (file.profile && profiles.get(file.profile)) || ANY_PROFILE;
  return {
    ...file,
    id: file.id as DeviceId,
    site: file.site as SiteId,
    asset: file.asset as AssetId | undefined,
    via: file.via as DeviceId | undefined,
    profile: profile.id,
    kind: profile.kind,
    everyS: file.everyS ?? profile.everyS,
    metrics: profile.metrics,
  };
}

function brokenReferences(file: PlantFile, profiles: ReadonlyMap<string, Profile>): ConfigFault[] {
  const sites = new Set(file.sites.map((s) => s.id));
  const assets = new Set(file.assets.map((a) => a.id));
  const devices = new Map(file.devices.map((d) => [d.id, d]));
  const faults: ConfigFault[] = [];
  const expect = (known: boolean, path: (string | number)[], message: string): void => {
    if (!known) faults.push({ path, message });
  };
  const expectSeries = (ref: string, path: (string | number)[]): void => {
    const [device = '', metric = ''] = ref.split('.');
    const found = devices.get(device);
    expect(found !== undefined, path, `"${device}" is not among the devices`);
    const profile = found?.profile ? profiles.get(found.profile) : ANY_PROFILE;
    if (found && profile) expect(profile.metrics.has(metric), path, `"${device}" does not report "${metric}"`);
  };
  for (const list of ['assets', 'devices', 'zones', 'circuits'] as const) {
    file[list].forEach((item, i) => {
      expect(sites.has(item.site), [list, i, 'site'], `"${item.site}" is not among the sites`);
    });
  }
  file.sites.forEach((site, i) => {
    expect(
      site.simulated !== true || site.network !== undefined,
      ['sites', i],
      'a simulated site needs a network file',
    );
  });
  file.devices.forEach((d, i) => {
    expect(d.id !== INGEST_DEVICE, ['devices', i, 'id'], `"${d.id}" is ingest itself (contract 2.9)`);
    expect(d.via !== d.id, ['devices', i, 'via'], 'a device is no gateway of its own');
    if (d.asset) expect(assets.has(d.asset), ['devices', i, 'asset'], `"${d.asset}" is not among the assets`);
    if (d.via) expect(devices.has(d.via), ['devices', i, 'via'], `"${d.via}" is not among the devices`);
    if (d.profile) expect(profiles.has(d.profile), ['devices', i, 'profile'], `no profile "${d.profile}"`);
  });
  file.zones.forEach((zone, i) => {
    for (const list of ['inlets', 'outlets', 'storage'] as const) {
      zone[list].forEach((ref, k) => {
        expectSeries(ref, ['zones', i, list, k]);
      });
    }
  });
  file.circuits.forEach((circuit, i) => {
    const { cabinet } = circuit;
    if (cabinet) expect(assets.has(cabinet), ['circuits', i, 'cabinet'], `"${cabinet}" is not among the assets`);
    for (const { path, message } of circuitFaults(circuit)) expect(false, ['circuits', i, ...path], message);
    if (circuit.meter) expectSeries(circuit.meter, ['circuits', i, 'meter']);
    if (circuit.contactor) expectSeries(circuit.contactor, ['circuits', i, 'contactor']);
  });
  return faults;
}

function byId<T extends { readonly id: string }>(items: readonly T[]): ReadonlyMap<string, T> {
  return new Map(items.map((item) => [item.id, item]));
}

function isRising(pairs: readonly (readonly [number, number])[]): boolean {
  return pairs.every(([level, volume], i) => {
    const [levelBefore, volumeBefore] = pairs[i - 1] ?? [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
    return level > levelBefore && volume >= volumeBefore;
  });
}

function isTimeZone(value: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: value });
    return true;
  } catch {
    return false;
  }
}

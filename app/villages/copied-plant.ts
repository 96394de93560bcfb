/** Many copies of one simulated site: their ids, and the plant files of the server that is to receive their readings. */
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Device, Plant, Site, Zone } from '../../model/plant.ts';
import type { LocalName } from '../../model/schema.ts';
import { StartError } from '../start-error.ts';

const DIGITS = 3;

/** `toru-001`, `toru-002`, … */
export function copiesOf(site: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${site}-${String(i + 1).padStart(DIGITS, '0')}`);
}

/** What is called `id` in the site that was copied; also of `device.metric`. */
export function idIn(copy: string, id: string): string {
  return `${copy}-${id}`;
}

/** What names a place in a rule of the plant's own file. */
interface Named {
  readonly asset?: string;
  readonly device?: string;
  readonly site?: string;
}

export interface OwnRule {
  readonly id: string;
  readonly on?: Named;
  readonly exceptions?: readonly Named[];
}

export interface CopiedPlant {
  readonly plant: Plant;
  /** As the plant's own rules file says, which goes over the shipped rules. */
  readonly rules: readonly OwnRule[];
  /** A folder of device profiles beside the shipped ones. */
  readonly profiles: string | null;
  readonly site: Site;
  readonly copies: readonly string[];
}

/** The configuration file that it wrote. Nothing that is there already is written over. */
export function writeCopiedPlant(folder: string, copied: CopiedPlant): string {
  const { profiles } = copied;
  const files = {
    'plant.yaml': plantText(copied),
    'rules.yaml': list(rulesOf(copied)),
    'aimak.yaml': configText(profiles !== null),
  };
  const taken = [...Object.keys(files), 'profiles'].find((name) => existsSync(join(folder, name)));
  if (taken !== undefined) {
    throw new StartError(`--write-plant: ${folder} holds ${taken} already; expected a new folder`);
  }
  try {
    mkdirSync(folder, { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    if (profiles !== null) cpSync(profiles, join(folder, 'profiles'), { recursive: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StartError(`--write-plant: ${folder} cannot be written (${code})`);
  }
  return join(folder, 'aimak.yaml');
}

function configText(hasProfiles: boolean): string {
  return `version: 1\nplant: plant.yaml\nrules: rules.yaml\n${hasProfiles ? 'profiles: profiles\n' : ''}`;
}

function plantText({ plant, site, copies }: CopiedPlant): string {
  const here = <T extends { readonly site: string }>(items: Iterable<T>): T[] =>
    [...items].filter((item) => item.site === site.id);
  const each = <T>(items: readonly T[], copy: (item: T, to: string) => object): string =>
    list(copies.flatMap((to) => items.map((item) => copy(item, to))));
  return [
    `# ${copies.length} copies of the simulated site "${site.id}", for what "sim --villages" sends.\n`,
    `sites:\n${each([site], copySite)}`,
    `assets:\n${each(here(plant.assets.values()), (asset, to) => ({ ...asset, id: idIn(to, asset.id), site: to }))}`,
    `devices:\n${each(here(plant.devices.values()), copyDevice)}`,
    `zones:\n${each(here(plant.zones), copyZone)}`,
    `circuits:\n${each(here(plant.circuits), (circuit, to) => ({
      ...circuit,
      id: idIn(to, circuit.id),
      site: to,
      cabinet: circuit.cabinet && idIn(to, circuit.cabinet),
      meter: circuit.meter && idIn(to, circuit.meter),
      contactor: circuit.contactor && idIn(to, circuit.contactor),
    }))}`,
  ].join('');
}

/** The server that receives it is to simulate nothing, only to say that it is simulated. Each village has a supply of its own. */
function copySite({ name, network: _, utilitySupply, ...site }: Site, to: string): object {
  return {
    ...site,
    id: to,
    name: name && mapName(name, site.id, to),
    simulated: 'elsewhere',
    utilitySupply: utilitySupply && idIn(to, utilitySupply),
  };
}

function mapName({ ky, ru, en }: LocalName, from: string, to: string): LocalName {
  const number = to.slice(from.length + 1);
  return {
    ky: ky && `${ky} ${number} (симуляция)`,
    ru: ru && `${ru} ${number} (симуляция)`,
    en: en && `${en} ${number} (simulated)`,
  };
}

function copyDevice({ id, name, profile, asset, via, operator, everyS }: Device, to: string): object {
  return {
    id: idIn(to, id),
    site: to,
    name,
    profile,
    asset: asset && idIn(to, asset),
    via: via && idIn(to, via),
    operator,
    everyS,
  };
}

function copyZone(zone: Zone, to: string): object {
  const refs = (list: readonly string[]): string[] => list.map((ref) => idIn(to, ref));
  const { inlets, outlets, storage } = zone;
  return {
    ...zone,
    id: idIn(to, zone.id),
    site: to,
    inlets: refs(inlets),
    outlets: refs(outlets),
    storage: refs(storage),
  };
}

/** A rule that names something of the site becomes one for each copy, an exception likewise. */
function rulesOf({ rules, copies }: CopiedPlant): object[] {
  return rules.flatMap((rule) => {
    const { id, on, exceptions } = rule;
    const spread = exceptions && copies.flatMap((to) => exceptions.map((each) => namedIn(to, each)));
    const copied = spread ? { ...rule, exceptions: spread } : rule;
    if (!on || !namesPlace(on)) return [copied];
    return copies.map((to) => ({ ...copied, id: idIn(to, id), on: namedIn(to, on) }));
  });
}

const namesPlace = ({ asset, device, site }: Named): boolean => (asset ?? device ?? site) !== undefined;

function namedIn(to: string, named: Named): Named {
  const { asset, device, site } = named;
  return {
    ...named,
    ...(asset && { asset: idIn(to, asset) }),
    ...(device && { device: idIn(to, device) }),
    ...(site && { site: to }),
  };
}

/** JSON is YAML too. */
function list(items: readonly object[]): string {
  return items.length === 0 ? '  []\n' : items.map((item) => `  - ${JSON.stringify(item)}\n`).join('');
}

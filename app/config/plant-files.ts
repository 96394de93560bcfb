/** Plant, rules and device profiles from their files, with every fault of all of them. */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Parsed } from '../../model/fault.ts';
import { type Plant, parsePlant } from '../../model/plant.ts';
import type { Rule } from '../../model/rule.ts';
import { parseRules } from '../../model/rule-file.ts';
import { faultsOfNotify } from './notify-settings.ts';
import { faultsOfSites, type OwnSites, ownSites } from './own-sites.ts';
import { loadProfiles } from './profile-files.ts';
import { CONFIG_DIR, type Loaded, type Settings } from './settings.ts';
import { readYamlFile } from './yaml-file.ts';

/** The plant is the share of it that this ingest takes. */
export interface PlantFiles extends OwnSites {
  /** Shipped ones and the plant's own. */
  readonly rules: readonly Rule[];
}

export function loadPlantFiles(settings: Settings): Loaded<PlantFiles> {
  const faults: string[] = [];

  function load<T>(file: string, parse: (content: unknown) => Parsed<T>): T | null {
    const yaml = readYamlFile(file);
    faults.push(...yaml.faults);
    if (yaml.faults.length > 0) return null;
    const parsed = parse(yaml.content);
    if (parsed.ok) return parsed.value;
    faults.push(...parsed.faults.map(yaml.describe));
    return null;
  }

  const { profiles, faults: profileFaults } = loadProfiles(settings.profiles);
  faults.push(...profileFaults);
  const plant = load(settings.plant, (content) => parsePlant(content, profiles));
  if (plant) {
    faults.push(...missingNetworks(settings, plant), ...faultsOfSites(settings, plant));
    faults.push(...faultsOfNotify(settings.notify, plant));
  }
  const rules = loadRules(settings, plant, load);
  return { value: plant && rules && faults.length === 0 ? { ...ownSites(settings, plant), rules } : null, faults };
}

type Load = <T>(file: string, parse: (content: unknown) => Parsed<T>) => T | null;

/** The shipped rules hold for every plant; its own file changes them and adds to them. */
function loadRules({ rules: file }: Settings, plant: Plant | null, load: Load): readonly Rule[] | null {
  let shipped: unknown = null;
  const known = load(join(CONFIG_DIR, 'rules.yaml'), (content) => {
    shipped = content;
    return parseRules(content, { plant: null });
  });
  if (!known || file === null) return known;
  return load(file, (content) => parseRules(content, { plant, shipped }));
}

function missingNetworks(settings: Settings, { sites }: Plant): string[] {
  return [...sites.values()].flatMap(({ id, network }) => {
    const file = network === undefined ? null : networkFile(settings, network);
    return file === null || existsSync(file) ? [] : [`${file}: no such file; it is the network of site "${id}"`];
  });
}

/** A site's EPANET file stands beside the plant file. */
export function networkFile({ plant }: Settings, network: string): string {
  return resolve(dirname(plant), network);
}

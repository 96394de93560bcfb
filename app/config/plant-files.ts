/** Plant, rules and device profiles from their files, with every fault of all of them. */
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Parsed } from '../../model/fault.ts';
import { type Plant, parsePlant } from '../../model/plant.ts';
import { type LimitRule, parseRules } from '../../model/rule.ts';
import { faultsOfSites, type OwnSites, ownSites } from './own-sites.ts';
import { loadProfiles } from './profile-files.ts';
import type { Loaded, Settings } from './settings.ts';
import { readYamlFile } from './yaml-file.ts';

/** The plant is the share of it that this ingest takes. */
export interface PlantFiles extends OwnSites {
  readonly rules: readonly LimitRule[];
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
  if (plant) faults.push(...missingNetworks(settings, plant), ...faultsOfSites(settings, plant));
  const { rules: rulesFile } = settings;
  const rules = rulesFile === null ? [] : load(rulesFile, (content) => parseRules(content, plant));
  return { value: plant && rules && faults.length === 0 ? { ...ownSites(settings, plant), rules } : null, faults };
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

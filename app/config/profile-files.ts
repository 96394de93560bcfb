/** Device profiles from the shipped folder and others, with every fault of all of them. */
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Profile, parseProfile } from '../../model/profile.ts';
import { CONFIG_DIR } from './settings.ts';
import { readYamlFile } from './yaml-file.ts';

export interface Profiles {
  readonly profiles: ReadonlyMap<string, Profile>;
  readonly faults: readonly string[];
}

/** The shipped ones, and those in the folder `profiles` beside that file, where there is one. */
export function loadProfilesBeside(file: string): Profiles {
  const own = join(dirname(file), 'profiles');
  return loadProfiles(existsSync(own) ? own : null);
}

/** The shipped ones, and those of a folder. */
export function loadProfiles(ownFolder: string | null): Profiles {
  const faults: string[] = [];
  const profiles = new Map<string, Profile>();
  const folders = [join(CONFIG_DIR, 'profiles'), ...(ownFolder === null ? [] : [ownFolder])];
  for (const file of folders.flatMap((folder) => yamlFilesIn(folder, faults))) {
    const profile = loadProfile(file, faults);
    if (!profile) continue;
    if (profiles.has(profile.id)) faults.push(`${file}: there is another profile "${profile.id}"`);
    profiles.set(profile.id, profile);
  }
  return { profiles, faults };
}

function loadProfile(file: string, faults: string[]): Profile | null {
  const yaml = readYamlFile(file);
  faults.push(...yaml.faults);
  if (yaml.faults.length > 0) return null;
  const parsed = parseProfile(yaml.content);
  if (parsed.ok) return parsed.value;
  faults.push(...parsed.faults.map(yaml.describe));
  return null;
}

function yamlFilesIn(folder: string, faults: string[]): string[] {
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
    return names.sort().map((name) => join(folder, name));
  } catch (error) {
    faults.push(`${folder}: the folder of profiles cannot be read (${(error as NodeJS.ErrnoException).code})`);
    return [];
  }
}

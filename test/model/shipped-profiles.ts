/** The profiles that we ship. */
import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { type Profile, parseProfile } from '../../model/profile.ts';

const FOLDER = new URL('../../config/profiles/', import.meta.url);

export function shippedProfiles(): ReadonlyMap<string, Profile> {
  const profiles = readdirSync(FOLDER).map((name) => {
    const parsed = parseProfile(parse(readFileSync(new URL(name, FOLDER), 'utf8')));
    if (!parsed.ok) throw new Error(`${name}: ${JSON.stringify(parsed.faults)}`);
    return parsed.value;
  });
  return new Map(profiles.map((profile) => [profile.id, profile]));
}

/** One that says how it is read over Modbus, as it is written. */
export function shippedFile(id: string): { readonly modbus: { readonly golden: readonly object[] } } {
  return parse(readFileSync(new URL(`${id}.yaml`, FOLDER), 'utf8'));
}

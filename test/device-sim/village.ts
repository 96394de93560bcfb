/** The shipped demo village, for the tests of the simulator. */
import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { createTown, type Town, type TownMessage, type TownSnapshot } from '../../device-sim/town.ts';
import type { Parsed } from '../../model/fault.ts';
import { type Plant, parsePlant } from '../../model/plant.ts';
import { type Profile, parseProfile } from '../../model/profile.ts';
import type { Rule } from '../../model/rule.ts';
import { rulesFor } from '../harness/detect.ts';

const CONFIG = new URL('../../config/', import.meta.url);

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
/** Midnight of the village, UTC+6. */
export const NOVEMBER = Date.UTC(2026, 10, 1, 18);
export const JULY = Date.UTC(2026, 6, 1, 18);
export const JANUARY = Date.UTC(2026, 0, 1, 18);

export const network = readText('demo/village.inp');
export const plant: Plant = value(parsePlant(parse(readText('demo/plant.yaml')), readProfiles()));
export const rules: readonly Rule[] = rulesFor(plant, parse(readText('demo/rules.yaml')));

export function newTown(options: { seed?: number; fromMs?: number; snapshot?: TownSnapshot } = {}): Promise<Town> {
  return createTown({ plant, network, site: 'toru', seed: 1, fromMs: NOVEMBER, ...options });
}

/** One line a message: two towns are the same where these are. */
export function asLines(messages: readonly TownMessage[]): string[] {
  return messages.map(({ device, frame }) => `${device} ${JSON.stringify(frame)}`);
}

function readText(path: string): string {
  return readFileSync(new URL(path, CONFIG), 'utf8');
}

function readProfiles(): ReadonlyMap<string, Profile> {
  const files = readdirSync(new URL('profiles/', CONFIG));
  return new Map(files.map((file) => value(parseProfile(parse(readText(`profiles/${file}`))))).map((p) => [p.id, p]));
}

function value<T>(parsed: Parsed<T>): T {
  if (parsed.ok) return parsed.value;
  throw new Error(JSON.stringify(parsed.faults, null, 1));
}

/** The shipped demo village, for the tests of the simulator. */
import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { createTown, type Town, type TownMessage, type TownOptions } from '../../device-sim/town.ts';
import type { Parsed } from '../../model/fault.ts';
import { type Plant, parsePlant } from '../../model/plant.ts';
import { type Profile, parseProfile } from '../../model/profile.ts';
import type { Rule } from '../../model/rule.ts';
import type { SimFault } from '../../model/sim-fault.ts';
import { FAULT_KINDS } from '../../model/sim-fault-catalogue.ts';
import { rulesFor } from '../harness/detect.ts';

const CONFIG = new URL('../../config/', import.meta.url);

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
/** Midnight of the village, UTC+6. */
export const NOVEMBER = Date.UTC(2026, 10, 1, 18);
export const JULY = Date.UTC(2026, 6, 1, 18);
export const JANUARY = Date.UTC(2026, 0, 1, 18);

export const network = readText('demo/village.inp');
export const profiles = readProfiles();
export const plant: Plant = value(parsePlant(parse(readText('demo/plant.yaml')), profiles));
export const rules: readonly Rule[] = rulesFor(plant, parse(readText('demo/rules.yaml')));

/** The demo plant, with more in it as a plant file would say it. */
export function plantWith(more: { assets?: object[]; devices?: object[]; circuits?: object[] } = {}): Plant {
  const raw = parse(readText('demo/plant.yaml'));
  for (const list of ['assets', 'devices', 'circuits'] as const) raw[list].push(...(more[list] ?? []));
  return value(parsePlant(raw, profiles));
}

export function newTown(options: Partial<TownOptions> = {}): Promise<Town> {
  return createTown({ plant, network, site: 'toru', seed: 1, fromMs: NOVEMBER, ...options });
}

/** One line a message, with its readings: two towns have measured the same where these are. */
export function asLines(messages: readonly TownMessage[]): string[] {
  return messages.map(({ device, frame: { ts, values } }) => `${device} ${JSON.stringify({ ts, values })}`);
}

/** The same with the time of arrival and the number of the report: two towns are the same where these are. */
export function asWhole(messages: readonly TownMessage[]): string[] {
  return messages.map((message) => JSON.stringify(message));
}

interface FaultTimes {
  readonly id?: string;
  readonly fromMs?: number;
  readonly toMs?: number | null;
  readonly metric?: string;
}

/** From an hour after the beginning on, until it is ended, of the size that a form would propose. */
export function fault(
  kind: string,
  target: string,
  { id = kind, fromMs = NOVEMBER + HOUR_MS, toMs = null, metric, ...sizes }: FaultTimes & Record<string, unknown> = {},
): SimFault {
  const known = FAULT_KINDS.get(kind);
  if (!known) throw new Error(`no such fault: ${kind}`);
  const proposed = known.sizes
    .filter(({ oneOf }) => oneOf === undefined)
    .map(({ name, fallback, example }) => [name, fallback ?? example]);
  return {
    ...{ id, kind, target, fromMs, toMs },
    metric: metric ?? null,
    sizes: { ...Object.fromEntries(proposed), ...sizes },
  };
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

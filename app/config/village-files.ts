/** What the simulated village is made of: its site, network file, beginning and scenario, with every fault of them. */
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { type BridgeFile, parseBridgeFile } from '../../model/bridge-file.ts';
import { type Plant, type Site, simulatedHere } from '../../model/plant.ts';
import { parseTime } from '../time.ts';
import { networkFile } from './plant-files.ts';
import { loadProfiles } from './profile-files.ts';
import { loadScenario, type Scenario } from './scenario.ts';
import type { Loaded, Settings } from './settings.ts';
import { readYamlFile } from './yaml-file.ts';

const DAY_MS = 86_400_000;

export interface VillageFiles {
  readonly site: Site;
  /** `plant.yaml:33 devices[7]: …`, of what only the simulator can tell. */
  describeDevice(id: string, message: string): string;
  /** Text of the EPANET file, and its name for people. */
  readonly network: string;
  readonly networkName: string;
  /** Where a new village begins, epoch ms. */
  readonly beginMs: number;
  readonly scenario: Scenario | null;
  /** Whose units it answers as. */
  readonly bridge: BridgeFile | null;
}

/** A null value without faults: the plant has no simulated site. */
export function loadVillageFiles(settings: Settings, plant: Plant, nowMs: number): Loaded<VillageFiles> {
  const [site] = simulatedHere(plant);
  if (!site) return { value: null, faults: [] };
  const { sim } = settings;
  const faults: string[] = [];
  const beginMs = sim.from === null ? nowMs - sim.backfillDays * DAY_MS : parseTime(sim.from, site.timeZone);
  if (beginMs === null) faults.push(`--from, sim.from: expected a time such as 2026-11-01 or 2026-11-01T06:00+06:00`);
  const calendar = { beginMs: beginMs ?? nowMs, timeZone: site.timeZone };
  const scenario = sim.scenario === null ? null : loadScenario(sim.scenario, calendar);
  const network = readNetwork(networkFile(settings, site.network ?? ''));
  const bridge = sim.modbus === null ? null : loadBridgeFile(sim.modbus, settings.profiles, plant);
  faults.push(...(scenario?.faults ?? []), ...network.faults, ...(bridge?.faults ?? []));
  if (beginMs === null || network.value === null || faults.length > 0) return { value: null, faults };
  const { value: text, name: networkName } = network;
  const describeDevice = (id: string, message: string): string => describeInPlant(settings.plant, id, message);
  const parts = { scenario: scenario?.value ?? null, bridge: bridge?.value ?? null, describeDevice };
  return { value: { site, network: text, networkName, beginMs, ...parts }, faults };
}

/** The file was in order when the plant was read from it. */
function describeInPlant(file: string, device: string, message: string): string {
  const yaml = readYamlFile(file);
  const { devices = [] } = (yaml.content ?? {}) as { devices?: readonly { id: string }[] };
  return yaml.describe({ path: ['devices', devices.findIndex(({ id }) => id === device)], message });
}

function loadBridgeFile(file: string, ownProfiles: string | null, plant: Plant): Loaded<BridgeFile> {
  const yaml = readYamlFile(file);
  if (yaml.faults.length > 0) return { value: null, faults: yaml.faults };
  const { profiles } = loadProfiles(ownProfiles);
  const parsed = parseBridgeFile(yaml.content, profiles, plant.devices);
  return parsed.ok ? { value: parsed.value, faults: [] } : { value: null, faults: parsed.faults.map(yaml.describe) };
}

function readNetwork(file: string): Loaded<string> & { readonly name: string } {
  const name = relative(process.cwd(), file) || file;
  try {
    return { name, value: readFileSync(file, 'utf8'), faults: [] };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return { name, value: null, faults: [`${name}: the network file cannot be read (${code})`] };
  }
}

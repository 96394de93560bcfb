import { HELP } from '../help.ts';
import { ConfigError } from '../start-error.ts';
import { type CommandLine, parseCommandLine } from './command-line.ts';
import { sitesIn } from './own-sites.ts';
import { faultsOfPeople } from './people-faults.ts';
import { loadPlantFiles, type PlantFiles } from './plant-files.ts';
import { loadSettings, type Settings } from './settings.ts';
import { loadVillageFiles } from './village-files.ts';

export interface Configuration extends PlantFiles {
  readonly settings: Settings;
  readonly words: readonly string[];
  /** Options of the one tool that knows them. */
  readonly own: CommandLine['own'];
}

interface Asked {
  /** Options that only the asking tool knows. */
  readonly ownFlags?: readonly string[];
  /** What may keep a check from passing, but no server from starting. */
  readonly strictness?: (settings: Settings, files: PlantFiles | null) => readonly string[];
}

/** Settings, plant and rules; null where only help was asked for. Throws ConfigError with every fault. */
export function loadConfiguration(
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
  { ownFlags = [], strictness = () => [] }: Asked = {},
): Configuration | null {
  const commandLine = parseCommandLine(argv, ownFlags);
  if (commandLine.isHelp) {
    process.stdout.write(HELP);
    return null;
  }
  const settings = loadSettings(commandLine, env);
  const files = settings.value && loadPlantFiles(settings.value);
  const strict = settings.value ? strictness(settings.value, files?.value ?? null) : [];
  const faults = [...settings.faults, ...(files?.faults ?? []), ...strict];
  if (settings.value && files?.value) {
    faults.push(...loadVillageFiles(settings.value, files.value.plant, Date.now()).faults);
  }
  if (!settings.value || !files?.value || faults.length > 0) throw new ConfigError(faults);
  return { ...files.value, settings: settings.value, words: commandLine.words, own: commandLine.own };
}

export async function runCheckConfig(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const configuration = loadConfiguration(argv, env, {
    strictness: (settings, files) => faultsOfPeople(settings, files && sitesIn(files)),
  });
  if (!configuration) return;
  const [surplus] = configuration.words;
  if (surplus !== undefined) throw new ConfigError([`${surplus}: check-config takes options only`]);
  const { settings, plant } = configuration;
  const { value: files } = loadVillageFiles(settings, plant, Date.now());
  // The network file's own faults, and those of a scenario that only the village can tell.
  if (files) await (await import('../make-town.ts')).makeTown({ files, plant, seed: settings.sim.seed });
  const { sites, devices, circuits, zones } = plant;
  const counts = `${sites.size} sites, ${devices.size} devices, ${zones.length} zones, ${circuits.length} circuits`;
  process.stdout.write(`the configuration is in order: ${counts}, ${configuration.rules.length} rules\n`);
}

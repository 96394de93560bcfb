import { HELP } from '../help.ts';
import { ConfigError } from '../start-error.ts';
import { parseCommandLine } from './command-line.ts';
import { sitesIn } from './own-sites.ts';
import { faultsOfPeople } from './people-faults.ts';
import { loadPlantFiles, type PlantFiles } from './plant-files.ts';
import { loadSettings, type Settings } from './settings.ts';

export interface Configuration extends PlantFiles {
  readonly settings: Settings;
  readonly words: readonly string[];
}

/** What may keep a check from passing, but no server from starting. */
type Strictness = (settings: Settings, files: PlantFiles | null) => readonly string[];

/** Settings, plant and rules; null where only help was asked for. Throws ConfigError with every fault. */
export function loadConfiguration(
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
  strictness: Strictness = () => [],
): Configuration | null {
  const commandLine = parseCommandLine(argv);
  if (commandLine.isHelp) {
    process.stdout.write(HELP);
    return null;
  }
  const settings = loadSettings(commandLine, env);
  const files = settings.value && loadPlantFiles(settings.value);
  const strict = settings.value ? strictness(settings.value, files?.value ?? null) : [];
  const faults = [...settings.faults, ...(files?.faults ?? []), ...strict];
  if (!settings.value || !files?.value || faults.length > 0) throw new ConfigError(faults);
  return { ...files.value, settings: settings.value, words: commandLine.words };
}

export function runCheckConfig(argv: readonly string[], env: NodeJS.ProcessEnv): void {
  const configuration = loadConfiguration(argv, env, (settings, files) =>
    faultsOfPeople(settings, files && sitesIn(files)),
  );
  if (!configuration) return;
  const [surplus] = configuration.words;
  if (surplus !== undefined) throw new ConfigError([`${surplus}: check-config takes options only`]);
  const { sites, devices, circuits, zones } = configuration.plant;
  const counts = `${sites.size} sites, ${devices.size} devices, ${zones.length} zones, ${circuits.length} circuits`;
  process.stdout.write(`the configuration is in order: ${counts}, ${configuration.rules.length} rules\n`);
}

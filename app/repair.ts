/** `aimak repair`: saves what can be read of a damaged file of the data folder, and says what is lost (contract 1.1). */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { RepairReport } from '../model/repair-report.ts';
import { parseCommandLine } from './config/command-line.ts';
import { loadSettings } from './config/settings.ts';
import { openDataDir } from './data-dir.ts';
import { asOwnerOf } from './folder/rights.ts';
import { ConfigError, StartError } from './start-error.ts';

const HELP = `aimak repair [FILE …]

Saves what can be read of a damaged file of the data folder (--data-dir or --config), and says what is lost. The file as it
was found stays beside it. Stop the server before. Without a name: all that can be repaired, which are
`;

type Repair = (options: { readonly file: string }) => Promise<RepairReport>;

const REPAIRS: Readonly<Record<string, Repair>> = {
  'readings.db': async (options) => (await import('../ingest/store/sqlite/repair.ts')).repairReadings(options),
  'alarms.db': async (options) => (await import('../ingest/alarms/repair.ts')).repairAlarms(options),
};

export async function runRepair(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const commandLine = parseCommandLine(argv);
  if (commandLine.isHelp) return say(`${HELP}  ${Object.keys(REPAIRS).join(', ')}\n`);
  const settings = loadSettings(commandLine, env);
  const unknown = commandLine.words.filter((name) => !Object.hasOwn(REPAIRS, name));
  const faults = unknown.map((name) => `repair ${name}: expected ${Object.keys(REPAIRS).join(' or ')}`);
  if (!settings.value || faults.length > 0) throw new ConfigError([...settings.faults, ...faults]);
  const { dataDir } = settings.value;
  if (!existsSync(dataDir)) throw new StartError(`data folder ${dataDir}: there is none; name it with --data-dir`);
  const names = commandLine.words.length > 0 ? commandLine.words : Object.keys(REPAIRS);
  await asOwnerOf(dataDir, async () => {
    const letGo = openDataDir(dataDir);
    try {
      for (const name of new Set(names)) await repairOne(name, dataDir);
    } finally {
      letGo();
    }
  });
}

async function repairOne(name: string, dataDir: string): Promise<void> {
  const report = await REPAIRS[name]?.({ file: join(dataDir, name) }).catch((error: Error) => {
    throw new StartError(`${join(dataDir, name)} cannot be repaired, and was left as it is: ${error.message}`);
  });
  if (!report) return;
  say(linesOf(name, report));
  if (report.lost.length > 0) process.exitCode = 1;
}

function linesOf(name: string, { file, keptAs, saved, lost }: RepairReport): string {
  if (keptAs === null && lost.length === 0)
    return `${name}: ${existsSync(file) ? 'nothing is wrong with it' : 'it is not there, so there is nothing to repair'}\n`;
  const lines = [
    `${name}:${keptAs === null ? '' : ` as it was found, it lies in ${keptAs}`}`,
    ...saved.map((sentence) => `  saved: ${sentence}`),
    ...lost.map((sentence) => `  lost: ${sentence}`),
  ];
  return `${lines.join('\n')}\n`;
}

function say(text: string): void {
  process.stdout.write(text);
}

/** `aimak accept-loss FILE`: a person at the machine knows that a file is lost or damaged, and wants to go on without (contract 1.1). */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { hasLog } from '../../ingest/store/database-look.ts';
import { parseCommandLine } from '../config/command-line.ts';
import { loadSettings } from '../config/settings.ts';
import { ConfigError, StartError } from '../start-error.ts';
import { SECONDARY_FILES } from './data-folder.ts';
import { changeInventory, readInventory, withEntry } from './inventory.ts';
import { closureOf } from './kept-people.ts';
import { asOwnerOf } from './rights.ts';
import { asideOf, keepAside, setAside } from './set-aside.ts';
import { isDatabase, markOf } from './stock.ts';

const HELP = `aimak accept-loss FILE …

  FILE    people.db, readings.db, alarms.db, outbox.db, or what was set aside, such as broker.db

Says that what is lost or was damaged is known: health and the alarm tell of it no more, and after people.db whoever
sits at the server is admin again, until there are people. Nothing is deleted. It works on the data folder of --config
or --data-dir, also while the server runs.
`;

export async function runAcceptLoss(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const commandLine = parseCommandLine(argv, []);
  if (commandLine.isHelp) {
    process.stdout.write(HELP);
    return;
  }
  const settings = loadSettings(commandLine, env);
  const { words } = commandLine;
  const faults = [...settings.faults];
  if (words.length === 0) faults.push('accept-loss: expected the name of a file; see accept-loss --help');
  for (const word of words) {
    if (!isDatabase(word) && !SECONDARY_FILES.includes(word))
      faults.push(`accept-loss ${word}: no file of the data folder`);
  }
  if (!settings.value || faults.length > 0) throw new ConfigError(faults);
  const { dataDir } = settings.value;
  if (!existsSync(dataDir)) throw new StartError(`data folder ${dataDir}: there is none`);
  await asOwnerOf(dataDir, async () => {
    for (const file of words) process.stdout.write(`${accept(dataDir, file)}\n`);
  });
}

/** Returns what was done, in a sentence. */
function accept(dir: string, file: string): string {
  if (file === 'people.db') return acceptPeople(dir);
  const kept = SECONDARY_FILES.includes(file) ? asideOf(dir, file).map((name) => keepAside(dir, name)) : [];
  const lost = isDatabase(file) ? readInventory(dir)?.files[file]?.lost : null;
  if (!lost && kept.length === 0) return `${file}: nothing is wrong with it that could be accepted`;
  if (lost)
    changeInventory(dir, (inventory) => {
      const entry = inventory.files[file];
      return entry ? withEntry(inventory, file, { ...entry, lost: null }) : inventory;
    });
  return [`${file}: accepted`, ...kept.map((name) => `what was set aside stays as ${name}`)].join('; ');
}

function acceptPeople(dir: string): string {
  const file = 'people.db';
  const closure = closureOf(dir);
  if (!closure) return `${file}: nothing is wrong with it that could be accepted`;
  if (closure.isReadable) {
    const mark = markOf(dir, file) ?? 0;
    changeInventory(dir, (inventory) => {
      const entry = inventory.files[file];
      return entry ? withEntry(inventory, file, { ...entry, mark }) : inventory;
    });
    return `${file}: accepted; the people in it may sign in again, see user list`;
  }
  const path = join(dir, file);
  const isLeft = hasLog(path) || (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0;
  const name = isLeft ? keepAside(dir, setAside(dir, file, Date.now())) : null;
  changeInventory(dir, (inventory) => withEntry(inventory, file, null));
  const next = 'Now: user add NAME --role admin. Until somebody has a password, whoever sits at the server is admin.';
  return [`${file}: accepted`, ...(name === null ? [] : [`what was left of it stays as ${name}`])]
    .join('; ')
    .concat(`. ${next}`);
}

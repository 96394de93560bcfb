/** `aimak user`: who there is, what they may do, and how they are told of alarms. */
import { readFileSync } from 'node:fs';
import type { People } from '../../ingest/people/people.ts';
import type { Person } from '../../model/person.ts';
import { parseCommandLine } from '../config/command-line.ts';
import { loadSettings } from '../config/settings.ts';
import { makeFolder } from '../data-dir.ts';
import { enlistPeople, openPeopleFor } from '../folder/kept-people.ts';
import { asOwnerOf, keepFilesPrivate } from '../folder/rights.ts';
import { ConfigError, StartError } from '../start-error.ts';
import { askPassword } from './ask-password.ts';
import { flagOf, PERSON_FLAGS, personWith } from './person-flags.ts';

const HELP = `aimak user add NAME --role viewer|technician|operator|engineer|admin …
aimak user set NAME …
aimak user list
aimak user remove NAME

  --password-file FILE     the password is its first line; without it you are asked at the terminal (add), or it stays (set)
  --role ROLE              each may do what those before it may
  --language ky|ru|en      of messages (default: ky)
  --turn N                 who is told first is 1, the next 2; without it, nobody rings them
  --morning yes|no         gets the message of the morning also without a turn (default: no)
  --sites A,B              the sites they look after (default: all)
  --hours 07:00-22:00      when they want messages; critical ones come at any time (default: always)
  --least-priority P       critical, high or medium: they hear of alarms of this priority and of those more urgent;
                           the message of the morning only counts the rest (default: medium)
  --email ADDRESS  --telegram CHAT  --phone +996555123456  --webhook URL
                           how they are told; "none" takes one away, as it does with every option above

It works on the data folder of --config or --data-dir, also while the server runs.
`;

const LEAST_CHARACTERS = 8;

export async function runUser(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const commandLine = parseCommandLine(argv, [...PERSON_FLAGS, 'password-file']);
  if (commandLine.isHelp) {
    process.stdout.write(HELP);
    return;
  }
  const settings = loadSettings(commandLine, env);
  const [word = '', name = '', ...surplus] = commandLine.words;
  const act = Object.hasOwn(ACTS, word) ? ACTS[word] : undefined;
  const faults = [...settings.faults];
  if (!act) faults.push(`user ${word}: expected add, set, list or remove; see user --help`);
  else if (name === '' && word !== 'list') faults.push(`user ${word}: expected a name`);
  for (const each of word === 'list' && name !== '' ? [name, ...surplus] : surplus)
    faults.push(`${each}: one word too many`);
  if (!settings.value || !act || faults.length > 0) throw new ConfigError(faults);
  const { dataDir } = settings.value;
  // As whoever runs this, who may read what the account of the folder may not.
  const given = givenPassword(commandLine.own);
  makeFolderOf(dataDir);
  await asOwnerOf(dataDir, async () => {
    keepFilesPrivate(dataDir);
    const people = openPeopleFor(dataDir);
    try {
      await act({ people, name, flags: commandLine.own, given });
    } finally {
      people.close();
      enlistPeople(dataDir, false);
    }
  });
}

interface Task {
  readonly people: People;
  readonly name: string;
  readonly flags: readonly (readonly [string, string])[];
  /** Out of its file; null where none is named. */
  readonly given: string | null;
}

const ACTS: Readonly<Record<string, (task: Task) => Promise<void>>> = {
  async add(task) {
    if (task.people.get(task.name)) throw new StartError(`there is a user "${task.name}" already; see user set`);
    await put(task, { name: task.name }, task.flags);
    say(`added: ${task.name}`);
  },
  async set(task) {
    await put(task, expectKnown(task), task.flags);
    say(`changed: ${task.name}`);
  },
  async list({ people }) {
    const all = people.list();
    if (all.length === 0) say('no users yet: whoever sits at the server is admin, everyone else only looks');
    for (const person of all) say(lineOf(person));
  },
  async remove(task) {
    expectKnown(task);
    task.people.remove(task.name);
    say(`removed: ${task.name}`);
  },
};

async function put(
  { people, given }: Task,
  before: Person | { readonly name: string },
  flags: Task['flags'],
): Promise<void> {
  const parsed = personWith(before, flags);
  if (!parsed.ok) throw new ConfigError(parsed.faults.map(({ path, message }) => `${flagOf(path)}: ${message}`));
  await people.put(parsed.value, given ?? (await askedPassword('role' in before)));
}

/** Null: none, or the one that there is. */
async function askedPassword(isKnown: boolean): Promise<string | null> {
  if (isKnown) return null;
  if (!process.stdin.isTTY)
    throw new ConfigError(['--password-file: expected one, where there is no terminal to ask at']);
  const password = await askPassword('Password (empty: only gets messages, never signs in): ');
  if (password === '') return null;
  if ((await askPassword('Once more: ')) !== password)
    throw new StartError('the two passwords differ; nothing was changed');
  return expectLong(password);
}

function givenPassword(flags: Task['flags']): string | null {
  const file = flags.findLast(([flag]) => flag === 'password-file')?.[1];
  return file === undefined ? null : expectLong(readPassword(file));
}

function readPassword(file: string): string {
  try {
    return readFileSync(file, 'utf8').split(/\r?\n/, 1)[0] ?? '';
  } catch (error) {
    throw new ConfigError([`--password-file: ${file}: cannot be read (${(error as NodeJS.ErrnoException).code})`]);
  }
}

function expectLong(password: string): string {
  if ([...password].length >= LEAST_CHARACTERS) return password;
  throw new ConfigError([`password: expected at least ${LEAST_CHARACTERS} characters`]);
}

function expectKnown({ people, name }: Task): Person {
  const person = people.get(name);
  if (!person) throw new StartError(`no user "${name}"; see user list`);
  return person;
}

function makeFolderOf(dataDir: string): void {
  try {
    makeFolder(dataDir);
  } catch (error) {
    throw new StartError(`the people in ${dataDir} cannot be read: ${(error as Error).message}`);
  }
}

function lineOf({ name, role, language, turn, morning, sites, hours, leastPriority, addresses }: Person): string {
  const ways = Object.entries(addresses).map(([channel, to]) => `${channel} ${to}`);
  const parts = [
    `${name}  ${role}, ${language}`,
    turn === null ? (morning ? 'mornings only' : 'not told') : `turn ${turn}`,
    sites === null ? 'all sites' : sites.join(' '),
    hours === null ? 'at any time' : `${hours.from}-${hours.to}`,
    `from ${leastPriority} on`,
  ];
  return [...parts, ...ways].join(', ');
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

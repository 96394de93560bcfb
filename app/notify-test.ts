/** `aimak notify test NAME`: a test message over each of a person's channels, so that none is found broken in the night. */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import pino from 'pino';
import { waysTo } from '../ingest/alarms/notify/deliver.ts';
import { testContent } from '../ingest/alarms/notify/wording.ts';
import { CHANNELS, type Person } from '../model/person.ts';
import { loadConfiguration } from './config/check-config.ts';
import { isSetUp } from './config/notify-settings.ts';
import type { Settings } from './config/settings.ts';
import { arePeopleThere, openPeopleFor } from './folder/kept-people.ts';
import { asOwnerOf } from './folder/rights.ts';
import { channelsOf } from './notification.ts';
import { ConfigError, StartError } from './start-error.ts';

export async function runNotify(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const configuration = loadConfiguration(argv, env);
  if (!configuration) return;
  const [word, name, ...surplus] = configuration.words;
  if (word !== 'test' || name === undefined || surplus.length > 0)
    throw new ConfigError(['notify: expected "notify test NAME"']);
  const { settings } = configuration;
  await testPerson(await findPerson(settings, name), settings);
}

async function findPerson({ dataDir }: Settings, name: string): Promise<Person> {
  const unknown = new StartError(`no user "${name}"; see user list`);
  if (!existsSync(dataDir)) throw unknown;
  return await asOwnerOf(dataDir, async () => {
    if (!arePeopleThere(dataDir)) throw unknown;
    const people = openPeopleFor(dataDir);
    try {
      const person = people.get(name);
      if (!person) throw unknown;
      return person;
    } finally {
      people.close();
    }
  });
}

async function testPerson(person: Person, { notify }: Settings): Promise<void> {
  const open = await channelsOf(notify);
  const channels = open({ log: pino({ level: 'silent' }), acknowledge: null });
  const ways = waysTo(person, channels);
  const away = CHANNELS.filter((name) => person.addresses[name] !== undefined && !isSetUp(notify, name));
  const failures = away.map((name) => `${name}: the configuration has no notify.${name}`);
  if (ways.length + away.length === 0)
    failures.push('no address: see user set --email, --telegram, --phone, --webhook');
  for (const { name, channel, address } of ways) {
    const sending = await channel.send(address, { id: randomUUID(), ...testContent(person), acknowledge: null });
    if (sending.kind === 'sent') process.stdout.write(`${name}: sent to ${address}\n`);
    else failures.push(`${name}: ${sending.reason}`);
  }
  await Promise.all([...channels.values()].map((channel) => channel.stop()));
  if (failures.length > 0)
    throw new StartError(`not every way to ${person.name} is open:\n${failures.map((f) => `  ${f}`).join('\n')}`);
}

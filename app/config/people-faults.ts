/** What does not fit together between the configuration and the people in the data folder, in sentences. */
import type { People } from '../../ingest/people/people.ts';
import { CHANNELS, type Person } from '../../model/person.ts';
import { arePeopleThere, openPeopleFor } from '../folder/kept-people.ts';
import { StartError } from '../start-error.ts';
import { isSetUp } from './notify-settings.ts';
import type { Settings } from './settings.ts';

/** Null: the plant cannot be read, and so not be asked. */
type Sites = ReadonlySet<string> | null;

/** Of the file as it is; where there is none, there is nobody. */
export function faultsOfPeople(settings: Settings, sites: Sites): string[] {
  const { dataDir } = settings;
  if (!arePeopleThere(dataDir)) return faultsAmong([], settings, sites);
  try {
    const people = openPeopleFor(dataDir);
    try {
      return faultsAmong(people.list(), settings, sites);
    } finally {
      people.close();
    }
  } catch (error) {
    // The file is no part of the configuration, but no check is passed without it.
    if (error instanceof StartError) return [error.message];
    throw error;
  }
}

export function faultsAmong(people: ReturnType<People['list']>, { notify }: Settings, sites: Sites): string[] {
  const names = new Set(people.map(({ name }) => name));
  const unknown = notify.turns.flatMap((turn, i) =>
    turn.people.flatMap((name, k) =>
      names.has(name) ? [] : [`notify.turns[${i}].people[${k}]: no person "${name}"; see "aimak user list"`],
    ),
  );
  return [...unknown, ...people.flatMap((person) => faultsOfPerson(person, notify, sites))];
}

function faultsOfPerson(person: Person, notify: Settings['notify'], sites: Sites): string[] {
  const away = CHANNELS.filter((name) => person.addresses[name] !== undefined && !isSetUp(notify, name));
  const lost = (person.sites ?? []).filter((site) => sites?.has(site) === false);
  return [
    ...away.map((name) => `person "${person.name}": ${name}: the configuration has no notify.${name}`),
    ...lost.map((site) => `person "${person.name}": sites: no site "${site}" in the plant`),
  ];
}

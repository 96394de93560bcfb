/** What the command line says of a person. `none` takes something away. */
import type { Parsed } from '../../model/fault.ts';
import { type Person, parsePerson } from '../../model/person.ts';

type Change = (raw: RawPerson, value: string | null) => RawPerson;

interface RawPerson {
  readonly addresses?: Readonly<Record<string, unknown>>;
  readonly [key: string]: unknown;
}

const set = (key: string, read: (value: string) => unknown = (value) => value): Change => {
  return (raw, value) => ({ ...raw, [key]: value === null ? undefined : read(value) });
};
const address = (channel: string): Change => {
  return (raw, value) => ({ ...raw, addresses: { ...raw.addresses, [channel]: value ?? undefined } });
};

const YES_OR_NO: ReadonlyMap<string, boolean> = new Map([
  ['yes', true],
  ['no', false],
]);

const FLAGS: Readonly<Record<string, Change>> = {
  role: set('role'),
  language: set('language'),
  sites: set('sites', (value) => value.split(',')),
  hours: set('hours', (value) => ({ from: value.split('-')[0], to: value.split('-')[1] })),
  turn: set('turn', Number),
  morning: set('morning', (value) => YES_OR_NO.get(value) ?? value),
  'least-priority': set('leastPriority'),
  email: address('email'),
  telegram: address('telegram'),
  phone: address('sms'),
  webhook: address('webhook'),
};

export const PERSON_FLAGS = Object.keys(FLAGS);

/** A person as the flags change them. */
export function personWith(
  before: Person | { readonly name: string },
  flags: readonly (readonly [string, string])[],
): Parsed<Person> {
  const raw = flags.reduce<RawPerson>(
    (person, [flag, value]) => {
      return FLAGS[flag]?.(person, value === 'none' ? null : value) ?? person;
    },
    { ...before },
  );
  return parsePerson(raw);
}

const NAMES: Readonly<Record<string, string>> = { sms: 'phone', leastPriority: 'least-priority' };

/** The flag that a fault is about. */
export function flagOf(path: readonly (string | number)[]): string {
  const [first = '', second] = path;
  const key = String(first === 'addresses' && second !== undefined ? second : first);
  return key === 'name' ? 'NAME' : `--${NAMES[key] ?? key}`;
}

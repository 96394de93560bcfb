/** People: who they are, what they may do, and how they want to be reached. */
import { z } from 'zod';
import { type Parsed, parseWith } from './fault.ts';
import { ID_PATTERN } from './ids.ts';
import { PRIORITIES } from './rule.ts';
import { idSchema } from './schema.ts';

/** Each may do what those before it may. */
export const ROLES = ['viewer', 'technician', 'operator', 'engineer', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** Who at least: the one table of who may do what. Looking is for everybody. */
const LEAST_ROLE = {
  acknowledge: 'technician',
  excuse: 'technician',
  shelve: 'operator',
  'plan-works': 'operator',
  reset: 'operator',
  'take-out-of-service': 'engineer',
  simulate: 'engineer',
  'manage-people': 'admin',
} as const satisfies Record<string, Role>;

export type Action = keyof typeof LEAST_ROLE;

export function may(role: Role, action: Action): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(LEAST_ROLE[action]);
}

export const actionsOf = (role: Role): readonly Action[] =>
  (Object.keys(LEAST_ROLE) as Action[]).filter((action) => may(role, action));

export const CHANNELS = ['email', 'telegram', 'sms', 'webhook'] as const;
export type ChannelName = (typeof CHANNELS)[number];

const clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'expected a time such as 07:30');

const addressesSchema = z.strictObject({
  email: z
    .string()
    .regex(/^[^\s@,;<>]+@[^\s@,;<>]+$/, 'expected an address such as aida@example.org')
    .optional(),
  telegram: z
    .string()
    .regex(/^-?\d+$/, 'expected the number of a chat')
    .optional(),
  sms: z
    .string()
    .regex(/^\+\d{7,15}$/, 'expected a number such as +996555123456')
    .optional(),
  webhook: z.url({ protocol: /^https?$/ }).optional(),
});

const personSchema = z.strictObject({
  /** What they sign in with. */
  name: z.string().regex(ID_PATTERN, 'expected a name of lower-case letters, digits and dashes'),
  role: z.enum(ROLES),
  language: z.enum(['ky', 'ru', 'en']).default('ky'),
  /** The sites they look after; null: all. */
  sites: z.array(idSchema).min(1).nullable().default(null),
  addresses: addressesSchema.default({}),
  /** Messages of this priority and of those more urgent. */
  leastPriority: z.enum(PRIORITIES).default('medium'),
  /** Local time in which they want messages; outside it only critical ones come. Null: at any time. */
  hours: z.strictObject({ from: clock, to: clock }).nullable().default(null),
  /** Who is told first is 1; the next when nobody acknowledges. Null: is not told when something happens. */
  turn: z.int().positive().nullable().default(null),
  /** Gets the message of the morning also without a turn. */
  morning: z.boolean('expected yes or no').default(false),
});

export type Person = z.output<typeof personSchema>;

export function parsePerson(raw: unknown): Parsed<Person> {
  return parseWith(personSchema, raw);
}

export type SignIn =
  /** `device`: by what this device is known the next time. */
  | { readonly kind: 'signed-in'; readonly token: string; readonly device: string; readonly person: Person }
  | { readonly kind: 'refused' }
  | { readonly kind: 'too-many'; readonly waitMs: number };

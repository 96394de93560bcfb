/** Settings of the bridge: the few options that it shares with the server, and its own (contract 1.1, 2.10). */
import { resolve } from 'node:path';
import { z } from 'zod';
import { parseWith } from '../../model/fault.ts';
import { type CommandLine, parseEnvironment, type RawOptions } from './command-line.ts';
import type { Loaded, Settings } from './settings.ts';

export interface BridgeSettings extends Pick<Settings, 'dataDir' | 'mqtt' | 'logLevel'> {
  /** The bridge file, absolute. */
  readonly file: string;
  /** The most that may wait for the broker on this disk, and for how long. */
  readonly outboxBytes: number;
  readonly maxAgeMs: number;
}

export const BRIDGE_FLAGS = ['outbox-mb', 'outbox-days'] as const;

const DAY_MS = 86_400_000;
const text = z.string().min(1, 'expected some text');
const expectedMb = 'expected megabytes, at least 1';
const expectedDays = 'expected days, more than 0';
const schema = z.strictObject({
  config: z.string('expected the bridge file'),
  'data-dir': text.default('data-bridge'),
  'mqtt-url': z.string('expected the broker').regex(/^mqtts?:\/\/./, 'expected mqtt://host:port or mqtts://host:port'),
  'mqtt-user': text.optional(),
  'mqtt-password-file': text.optional(),
  'mqtt-ca': text.optional(),
  'log-level': z.enum(['debug', 'info', 'warn', 'error'], 'expected debug, info, warn or error').default('info'),
  // Three months of twenty devices that report once a minute are some 400 MB.
  'outbox-mb': z.coerce.number(expectedMb).min(1, expectedMb).default(512),
  'outbox-days': z.coerce.number(expectedDays).positive(expectedDays).default(92),
});
const KNOWN = Object.keys(schema.shape);

/** Of the environment only what a bridge knows: it may run beside a server. */
export function loadBridgeSettings(commandLine: CommandLine, env: NodeJS.ProcessEnv): Loaded<BridgeSettings> {
  const environment = parseEnvironment(env);
  const variables = Object.entries(byFlag(environment.values)).filter(([flag]) => KNOWN.includes(flag));
  const flags = { ...byFlag(commandLine.flags), ...Object.fromEntries(commandLine.own) };
  const foreign = Object.keys(flags).filter((flag) => !KNOWN.includes(flag));
  const known = Object.entries(flags).filter(([flag]) => KNOWN.includes(flag));
  const parsed = parseWith(schema, { ...Object.fromEntries(variables), ...Object.fromEntries(known) });
  const faults = [
    ...commandLine.faults,
    ...environment.faults,
    ...foreign.map((flag) => `--${flag}: is no option of the bridge`),
    ...(parsed.ok ? [] : parsed.faults.map(({ path, message }) => `--${path.join('.')}: ${message}`)),
  ];
  if (!parsed.ok || faults.length > 0) return { value: null, faults };
  return { value: toSettings(parsed.value), faults };
}

function byFlag(options: RawOptions): Record<string, string | number> {
  return Object.fromEntries([...options].map(([{ flag }, value]) => [flag, value]));
}

function toSettings(options: z.output<typeof schema>): BridgeSettings {
  const absolute = (path: string | undefined) => (path === undefined ? undefined : resolve(path));
  return {
    file: resolve(options.config),
    dataDir: resolve(options['data-dir']),
    logLevel: options['log-level'],
    mqtt: {
      url: options['mqtt-url'],
      user: options['mqtt-user'],
      passwordFile: absolute(options['mqtt-password-file']),
      ca: absolute(options['mqtt-ca']),
    },
    outboxBytes: options['outbox-mb'] * 1e6,
    maxAgeMs: options['outbox-days'] * DAY_MS,
  };
}

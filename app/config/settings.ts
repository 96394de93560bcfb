/** Settings of a run: built-in defaults < configuration file < environment < command line (contract 1.1, 1.2). */
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { type ConfigFault, parseWith } from '../../model/fault.ts';
import { idSchema } from '../../model/schema.ts';
import { type CommandLine, parseEnvironment, type RawOptions } from './command-line.ts';
import { type InfluxSettings, influxLayer, mergeInflux, outboxBytes, withAbsoluteSecrets } from './influx-settings.ts';
import { type NotifySettings, notifyLayer, notifySettings, withAbsoluteNotify } from './notify-settings.ts';
import type { Option } from './option-table.ts';
import { mergeSim, type SimSettings, simLayer, withAbsoluteFiles } from './sim-settings.ts';
import { readYamlFile } from './yaml-file.ts';

const expectedPort = 'expected a port from 0 to 65535';
const port = z.int(expectedPort).min(0, expectedPort).max(65_535, expectedPort);
const MIN_DISK_BYTES = 50e6;
const expectedBytes = 'expected at least 50e6 bytes';
const expectedDays = 'expected days, more than 0, or null to keep readings until the disk budget is spent';
const text = z.string().min(1, 'expected some text');

/** Every key may be left out: a layer says only what it changes. */
const layerSchema = z.strictObject({
  version: z.literal(1, 'expected 1').optional(),
  dataDir: text.optional(),
  host: text.optional(),
  httpPort: port.optional(),
  mqttPort: port.optional(),
  mqtt: z
    .strictObject({
      url: z.string().refine(isBrokerUrl, 'expected mqtt://host:port or mqtts://host:port').optional(),
      user: text.optional(),
      passwordFile: text.optional(),
      /** PEM file of the authority that signed the broker's certificate. */
      ca: text.optional(),
      sites: z.array(idSchema).min(1, 'expected at least one site').optional(),
    })
    .optional(),
  store: z
    .strictObject({
      kind: z.enum(['sqlite', 'influx'], 'expected sqlite or influx').optional(),
      outboxBytes,
      influx: influxLayer,
      retention: z
        .strictObject({
          rawDays: z.number(expectedDays).positive(expectedDays).nullable().optional(),
          diskBytes: z.number(expectedBytes).min(MIN_DISK_BYTES, expectedBytes).optional(),
        })
        .optional(),
    })
    .optional(),
  notify: notifyLayer,
  logLevel: z.enum(['debug', 'info', 'warn', 'error'], 'expected debug, info, warn or error').optional(),
  plant: text.optional(),
  rules: text.optional(),
  /** A folder of device profiles beside the shipped ones. */
  profiles: text.optional(),
  sim: simLayer,
});

type Layer = z.output<typeof layerSchema>;

export interface Settings {
  readonly dataDir: string;
  readonly host: string;
  readonly httpPort: number;
  readonly mqttPort: number;
  readonly mqtt: {
    readonly url?: string | undefined;
    readonly user?: string | undefined;
    readonly passwordFile?: string | undefined;
    readonly ca?: string | undefined;
    /** Sites that this ingest takes; all of the plant where it is left out. */
    readonly sites?: readonly string[] | undefined;
  };
  /** Days after which readings become hourly roll-ups (null: never by age), and the most that readings may take on disk. */
  readonly retention: { readonly rawDays: number | null; readonly diskBytes: number };
  /** Null: the embedded store. */
  readonly influx: InfluxSettings | null;
  readonly notify: NotifySettings;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  /** Absolute paths. */
  readonly plant: string;
  readonly rules: string | null;
  readonly profiles: string | null;
  readonly sim: SimSettings;
}

export const CONFIG_DIR = resolve(import.meta.dirname, '../../config');
const DEMO_CONFIG = resolve(CONFIG_DIR, 'demo/aimak.yaml');

const DEFAULTS = {
  dataDir: resolve('data'),
  host: '127.0.0.1',
  httpPort: 8080,
  mqttPort: 1883,
  mqtt: {},
  // Ten years of a small town (docs/performance.md), and little for a disk of today.
  retention: { rawDays: null, diskBytes: 20e9 },
  logLevel: 'info',
  rules: null,
  profiles: null,
} as const;

export type Loaded<T> = { readonly value: T | null; readonly faults: readonly string[] };

export function loadSettings(commandLine: CommandLine, env: NodeJS.ProcessEnv): Loaded<Settings> {
  const environment = parseEnvironment(env);
  const flags = optionLayer(commandLine.flags, (option) => `--${option.flag}`);
  const variables = optionLayer(environment.values, (option) => option.env);
  const config = configFile(commandLine.flags) ?? configFile(environment.values) ?? DEMO_CONFIG;
  const file = fileLayer(config);
  const faults = [...commandLine.faults, ...flags.faults, ...environment.faults, ...variables.faults, ...file.faults];
  const merged = { ...DEFAULTS, ...file.layer, ...variables.layer, ...flags.layer };
  const { plant } = merged;
  if (plant === undefined && file.faults.length === 0) faults.push(`${config}: plant: expected the plant file`);
  const influx = mergeInflux([file.layer.store, variables.layer.store, flags.layer.store]);
  faults.push(...influx.faults);
  if (faults.length > 0 || plant === undefined) return { value: null, faults };
  const mqtt = { ...file.layer.mqtt, ...variables.layer.mqtt, ...flags.layer.mqtt };
  const sim = mergeSim([file.layer.sim, variables.layer.sim, flags.layer.sim]);
  const { rawDays = DEFAULTS.retention.rawDays, diskBytes = DEFAULTS.retention.diskBytes } =
    file.layer.store?.retention ?? {};
  const retention = { rawDays, diskBytes };
  const notify = notifySettings(file.layer.notify);
  const whole = { ...merged, plant, mqtt, retention, notify, influx: influx.value, sim };
  return { value: whole, faults };
}

function configFile(options: RawOptions): string | null {
  for (const [{ key }, value] of options) if (key === 'config') return resolve(String(value));
  return null;
}

interface LoadedLayer {
  readonly layer: Defined<Layer>;
  readonly faults: readonly string[];
}

/** Keys are absent rather than undefined, so that spreading a layer overrides only what it says. */
type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function optionLayer(options: RawOptions, label: (option: Option) => string): LoadedLayer {
  const raw: Record<string, unknown> = {};
  const labels = new Map<string, string>();
  for (const [option, value] of options) {
    if (option.key === 'config') continue;
    labels.set(option.key, label(option));
    put(raw, option.key.split('.'), value);
  }
  const describe = ({ path, message }: ConfigFault): string =>
    `${labels.get(path.join('.')) ?? path.join('.')}: ${message}`;
  return toLayer(raw, describe, process.cwd());
}

function fileLayer(file: string): LoadedLayer {
  const yaml = readYamlFile(file);
  if (yaml.faults.length > 0) return { layer: {}, faults: yaml.faults };
  return toLayer(yaml.content ?? {}, yaml.describe, dirname(file));
}

function toLayer(raw: unknown, describe: (fault: ConfigFault) => string, base: string): LoadedLayer {
  const parsed = parseWith(layerSchema, raw);
  if (!parsed.ok) return { layer: {}, faults: parsed.faults.map(describe) };
  return { layer: withAbsolutePaths(parsed.value, base) as Defined<Layer>, faults: [] };
}

function withAbsolutePaths(layer: Layer, base: string): Layer {
  const absolute = { ...layer };
  for (const key of ['dataDir', 'plant', 'rules', 'profiles'] as const) {
    const path = layer[key];
    if (path !== undefined) absolute[key] = resolve(base, path);
  }
  for (const key of ['passwordFile', 'ca'] as const) {
    const path = layer.mqtt?.[key];
    if (path !== undefined) absolute.mqtt = { ...absolute.mqtt, [key]: resolve(base, path) };
  }
  if (layer.sim) absolute.sim = withAbsoluteFiles(layer.sim, base);
  absolute.notify = withAbsoluteNotify(layer.notify, base);
  if (layer.store) absolute.store = withAbsoluteSecrets(layer.store, base);
  return absolute;
}

function isBrokerUrl(url: string): boolean {
  return /^mqtts?:\/\/./.test(url) && URL.canParse(url);
}

function put(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [key = '', ...rest] = path;
  if (rest.length === 0) target[key] = value;
  else {
    target[key] ??= {};
    put(target[key] as Record<string, unknown>, rest, value);
  }
}

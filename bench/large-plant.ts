/**
 * A plant of many like devices, as configuration files: what `npm start -- --config` takes. It imports nothing of the
 * product, since `bench -- compare` drives two commits with it.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface LargePlant {
  /** The configuration file. */
  readonly config: string;
  readonly devices: readonly string[];
  readonly metrics: readonly string[];
  readonly topics: readonly string[];
}

const SITE = 'large';
const METRICS = ['flow_rate', 'pressure', 'temperature'] as const;

const PROFILE = `id: three-values
kind: flow_meter
everyS: 60
metrics: {${METRICS.map((metric) => `${metric}: {}`).join(', ')}}
`;

const TEXT = '{ky: a, ru: a, en: a}';
const TEXTS = `title: ${TEXT}, cause: ${TEXT}, consequence: ${TEXT}, action: ${TEXT}`;

/** Limits that every device is judged by, and that the load stays inside of. */
const RULES = `
- {id: pressure-low, on: {metric: pressure}, below: 0.5, deadband: 0.2, onDelayS: 60, offDelayS: 60, priority: high, ${TEXTS}}
- {id: flow-high, on: {metric: flow_rate}, above: 500, deadband: 5, onDelayS: 600, priority: medium, ${TEXTS}}
`;

export function writeLargePlant(folder: string, size: number): LargePlant {
  const devices = Array.from({ length: size }, (_, i) => `meter-${String(i + 1).padStart(5, '0')}`);
  const config = join(folder, 'aimak.yaml');
  mkdirSync(join(folder, 'profiles'), { recursive: true });
  writeFileSync(join(folder, 'profiles/three-values.yaml'), PROFILE);
  writeFileSync(join(folder, 'plant.yaml'), plantFile(devices));
  writeFileSync(join(folder, 'rules.yaml'), RULES);
  writeFileSync(config, 'version: 1\nplant: plant.yaml\nrules: rules.yaml\nprofiles: profiles\n');
  return { config, devices, metrics: METRICS, topics: devices.map((device) => `aimak/v1/${SITE}/${device}/telemetry`) };
}

function plantFile(devices: readonly string[]): string {
  const lines = devices.map((id) => `  - {id: ${id}, site: ${SITE}, profile: three-values}\n`).join('');
  return `sites:\n  - {id: ${SITE}, lat: 42.4, lon: 76.4, timeZone: Asia/Bishkek}\nassets: []\ndevices:\n${lines}`;
}

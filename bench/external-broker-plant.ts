/** A plant of some sites with level sensors, whole or shared out by site, in front of a broker elsewhere. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NumberedDevice } from './external-broker-devices.ts';

export interface SharedPlant {
  readonly sites: readonly string[];
  readonly devices: readonly NumberedDevice[];
  /** The configuration of the ingest that takes that site, or all of them. */
  configOf(site?: string): string;
}

export function writeSharedPlant(folder: string, url: string, sites: readonly string[]): SharedPlant {
  const devices = sites.flatMap((site) => [1, 2, 3, 4].map((i) => ({ site, device: `${site}-level-${i}` })));
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'plant.yaml'),
    [
      'sites:',
      ...sites.map((id) => `  - {id: ${id}, lat: 42.4, lon: 76.4, timeZone: Asia/Bishkek}`),
      'devices:',
      ...devices.map(({ site, device }) => `  - {id: ${device}, site: ${site}, profile: reservoir-level, everyS: 2}`),
    ].join('\n'),
  );
  return {
    sites,
    devices,
    configOf(site) {
      const file = join(folder, `${site ?? 'all'}.yaml`);
      const share = site === undefined ? '' : `, sites: [${site}]`;
      writeFileSync(file, `version: 1\nplant: plant.yaml\nmqtt: {url: "${url}"${share}}\n`);
      return file;
    },
  };
}

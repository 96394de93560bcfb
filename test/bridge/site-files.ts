/** The files of a small site: a plant, a bridge file, and a profile that both know. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { temporaryFolder } from '../harness/server.ts';

export interface SiteFiles {
  readonly folder: string;
  /** Of the server. */
  readonly config: string;
  readonly bridge: string;
}

export interface SiteOptions {
  readonly devices: readonly string[];
  readonly everyS: number;
  /** Of the one bus, each with a unit of its own; kind and address. */
  readonly bus: object;
  readonly modbus: { readonly fields: object };
}

export function writeSite({ devices, everyS, bus, modbus }: SiteOptions): SiteFiles {
  const folder = temporaryFolder();
  const write = (name: string, content: object): string => {
    writeFileSync(join(folder, name), stringify(content));
    return join(folder, name);
  };
  mkdirSync(join(folder, 'profiles'));
  const metrics = Object.fromEntries(Object.keys(modbus.fields).map((metric) => [metric, {}]));
  const map = { verified: false, source: 'a test', ...modbus };
  write('profiles/test-meter.yaml', { id: 'test-meter', kind: 'flow_meter', everyS, metrics, modbus: map });
  const site = { id: 'toru', lat: 42.4, lon: 76.4, timeZone: 'Asia/Bishkek' };
  const known = devices.map((id) => ({ id, site: 'toru', profile: 'test-meter' }));
  write('plant.yaml', { sites: [site], devices: known });
  const units = devices.map((device, i) => ({ unit: i + 1, device, profile: 'test-meter' }));
  return {
    folder,
    config: write('aimak.yaml', { version: 1, plant: 'plant.yaml', profiles: 'profiles' }),
    bridge: write('bridge.yaml', { site: 'toru', gateway: 'gw-1', buses: [{ id: 'b1', ...bus, units }] }),
  };
}

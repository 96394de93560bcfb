/** A plant of three devices, whose rules say in each text which it is. */
import { writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ROOT, temporaryFolder } from '../harness/server.ts';

const LEVEL_VOLUME = [
  [0, 0],
  [4, 300],
];

const textsOf = (what: string) => ({
  title: { ky: `${what}: аталышы`, ru: `${what}: название`, en: `${what}: title` },
  cause: { ky: `${what}: себеп`, ru: `${what}: причина`, en: `${what}: cause` },
  consequence: { ky: `${what}: кесепет`, ru: `${what}: следствие`, en: `${what}: consequence` },
  action: { ky: `${what}: аракет`, ru: `${what}: действие`, en: `${what}: action` },
});

/** A reservoir, a zone behind its meter, and a lighting circuit. Gives the configuration's path. */
export function writeAlarmPlant(): string {
  const folder = temporaryFolder();
  const write = (name: string, content: object) => writeFileSync(join(folder, name), JSON.stringify(content));
  const site = 'village';
  write('aimak.yaml', { version: 1, plant: 'plant.yaml', rules: 'rules.yaml' });
  write('plant.yaml', {
    sites: [{ id: site, name: { en: 'Village' }, lat: 42.4, lon: 76.4, timeZone: 'Asia/Bishkek' }],
    assets: [
      { id: 'tank', site, kind: 'reservoir', name: { en: 'Tank' }, levelVolume: LEVEL_VOLUME, overflowM: 3.8 },
      { id: 'main', site, kind: 'main', name: { en: 'Main' } },
      { id: 'cabinet', site, kind: 'cabinet', name: { en: 'Cabinet' } },
    ],
    devices: [
      { id: 'level', site, asset: 'tank', everyS: 300 },
      { id: 'meter', site, asset: 'main', everyS: 300 },
      { id: 'circuit', site, asset: 'cabinet', everyS: 300 },
    ],
    zones: [{ id: 'upper', site, name: { en: 'Upper zone' }, inlets: ['meter.flow_rate'] }],
  });
  write('rules.yaml', [
    ...['tank-low', 'tank-falls-fast', 'breaker-open'].map((id) => ({ id, off: true })),
    { id: 'low', on: { metric: 'level' }, below: '1 m', priority: 'critical', ...textsOf('Low') },
    { id: 'flow', on: { metric: 'flow_rate' }, above: '20 m3/h', priority: 'medium', ...textsOf('Flow') },
    { id: 'breaker', on: { metric: 'breaker_closed' }, is: false, priority: 'critical', ...textsOf('Breaker') },
    { id: 'dark', on: { metric: 'active_power' }, below: '10 W', priority: 'medium', ...textsOf('Dark') },
  ]);
  return relative(ROOT, join(folder, 'aimak.yaml'));
}

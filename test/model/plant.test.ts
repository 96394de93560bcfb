import { describe, expect, it } from 'vitest';
import { parsePlant } from '../../model/plant.ts';
import { parseProfile } from '../../model/profile.ts';
import { smallPlant } from '../harness/readings.ts';

const site = { id: 'toru', lat: 42.4, lon: 76.4, timeZone: 'Asia/Bishkek' };

function faultsOf(raw: unknown): string[] {
  const parsed = parsePlant(raw, new Map());
  return parsed.ok ? [] : parsed.faults.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

describe('a plant file (contract 1.3)', () => {
  it('gives devices their profile, and any known metric without one', () => {
    const plant = smallPlant();
    expect(plant.devices.get('tank-1-level')?.metrics.get('level')).toMatchObject({ unit: 'm', min: 0, max: 10 });
    expect(plant.devices.get('plain')?.metrics.has('pressure')).toBe(true);
  });

  it('lists every fault of its form at once', () => {
    const faults = faultsOf({
      sites: [{ ...site, lat: 91, timeZone: 'Mars/Base' }],
      devices: [{ id: 'A B', site: 'toru' }],
      more: 1,
    });
    expect(faults).toEqual(
      expect.arrayContaining([
        expect.stringContaining('sites.0.lat'),
        expect.stringContaining('sites.0.timeZone: expected a time zone'),
        expect.stringContaining('devices.0.id: expected an id'),
        expect.stringContaining('more'),
      ]),
    );
  });

  it('lists every broken reference at once', () => {
    const faults = faultsOf({
      sites: [site],
      devices: [
        { id: 'd', site: 'nowhere', profile: 'none', asset: 'no-tank', via: 'no-gateway' },
        { id: 'd', site: 'toru' },
      ],
      zones: [{ id: 'z', site: 'toru', inlets: ['d.flow_rate', 'e.flow_rate', 'd.nonsense'] }],
      circuits: [{ id: 'c', site: 'toru', cabinet: 'no-cabinet', lamps: [], on: 'sunset', off: 'sunrise-10m' }],
    });
    expect(faults).toHaveLength(8);
    expect(faults).toContain('devices.1.id: "d" is used twice in devices');
    expect(faults).toContain('zones.0.inlets.1: "e" is not among the devices');
  });

  it('lets lamps with photo-relays do without a cabinet, and only those', () => {
    const lamps = { site: 'toru', lamps: [], on: 'sun-4deg', off: 'sun-4deg+5m' };
    const withCircuits = (...circuits: object[]) =>
      faultsOf({ sites: [site], devices: [{ id: 'd', site: 'toru' }], circuits });
    expect(withCircuits({ ...lamps, id: 'a', control: 'photo-relays' }, { ...lamps, id: 'b' })).toEqual([
      'circuits.1.cabinet: expected the cabinet that switches it, or control: photo-relays',
    ]);
  });

  it('refuses what could never work: a tank that shrinks, a village without network, a gateway of its own', () => {
    const tank = {
      id: 't',
      site: 'toru',
      kind: 'reservoir',
      levelVolume: [
        [0, 0],
        [4, 300],
        [3, 400],
      ],
      overflowM: 3,
    };
    expect(faultsOf({ sites: [site], assets: [tank], devices: [{ id: 'd', site: 'toru' }] })).toEqual([
      expect.stringContaining('assets.0.levelVolume: expected levels and volumes that rise'),
    ]);
    expect(faultsOf({ sites: [{ ...site, simulated: true }], devices: [{ id: 'd', site: 'toru', via: 'd' }] })).toEqual(
      ['sites.0: a simulated site needs a network file', 'devices.0.via: a device is no gateway of its own'],
    );
  });

  it('refuses a profile whose range holds nothing', () => {
    const parsed = parseProfile({ id: 'p', kind: 'k', everyS: 60, metrics: { level: { min: 5, max: 4 } } });
    expect(parsed).toMatchObject({ ok: false, faults: [{ path: ['metrics', 'level', 'min'] }] });
  });

  it('refuses a profile that names an unknown metric', () => {
    const parsed = parseProfile({ id: 'p', kind: 'k', everyS: 60, metrics: { levl: {} } });
    expect(parsed).toMatchObject({ ok: false, faults: [{ path: ['metrics', 'levl'] }] });
  });
});

import { describe, expect, it } from 'vitest';
import { parseBridgeFile } from '../../model/bridge-file.ts';
import { shippedProfiles } from './shipped-profiles.ts';

const profiles = shippedProfiles();
const meter = { unit: 3, device: 'meter-1', profile: 'tuf-2000m' };
const pulses = { unit: 5, device: 'meter-2', profile: 'wb-mcm8-water', channel: 2, litresPerPulse: 10 };
const tcp = { host: '127.0.0.1', port: 1502 };

function read(buses: object[]) {
  return parseBridgeFile({ site: 'toru', gateway: 'gw-1', buses }, profiles);
}

function faultsOf(...units: object[]): string[] {
  const parsed = read([{ id: 'b1', rtu: { path: '/dev/ttyUSB0' }, units }]);
  return parsed.ok ? [] : parsed.faults.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

describe('a bridge file', () => {
  it('gives each unit its registers, with the parameters put in', () => {
    const parsed = read([{ id: 'b1', rtu: { path: '/dev/ttyUSB0' }, units: [meter, pulses] }]);
    const { buses } = parsed.ok ? parsed.value : expect.fail();
    expect(buses[0]?.line).toEqual({ kind: 'rtu', path: '/dev/ttyUSB0', baud: 9600, parity: 'none', stopBits: 1 });
    const [field] = buses[0]?.units[1]?.fields ?? [];
    expect(field).toMatchObject({
      metric: 'volume_total',
      table: 'input',
      address: 62,
      count: 2,
      scale: 0.01,
      offset: 0,
    });
    expect(field?.rollsOverAt).toBeCloseTo(42_949_672.96, 6);
  });

  it('takes the time between reports and the time-out from the profile, unless the unit has its own', () => {
    const parsed = read([{ id: 'b1', tcp, units: [meter, { ...pulses, everyS: 10, timeoutMs: 300 }] }]);
    const [bus] = parsed.ok ? parsed.value.buses : expect.fail();
    expect(bus?.units.map(({ everyS, timeoutMs }) => [everyS, timeoutMs])).toEqual([
      [60, 1000],
      [10, 300],
    ]);
  });

  it.each<[string, object, string]>([
    ['a profile that is not there', { ...meter, profile: 'tuf' }, 'buses.0.units.0.profile: no profile "tuf"'],
    [
      'a profile without registers',
      { ...meter, profile: 'flow-meter' },
      'buses.0.units.0.profile: profile "flow-meter" says nothing of Modbus',
    ],
    ['a unit beyond the line', { ...meter, unit: 248 }, 'buses.0.units.0.unit: expected 1 to 247 on a line (got 248)'],
    [
      'a parameter that is missing',
      { ...pulses, litresPerPulse: undefined },
      'buses.0.units.0.litresPerPulse: expected a number from 0.001 to 100000: printed on the meter',
    ],
    [
      'a channel that is not there',
      { ...pulses, channel: 9 },
      'buses.0.units.0.channel: expected a whole number from 1 to 8: input of the module (got 9)',
    ],
    [
      'a parameter that the profile does not know',
      { ...meter, chanel: 2 },
      'buses.0.units.0.chanel: no such parameter; the profile has m3PerCount',
    ],
    [
      'parameters that make no sense together',
      { unit: 1, device: 'tank-1', profile: 'wb-mai6', channel: 1, levelAt4mA: 2, levelAt20mA: 2 },
      'buses.0.units.0: the scale of level would be 0',
    ],
    ['the gateway as a device', { ...meter, device: 'gw-1' }, 'buses.0.units.0.device: "gw-1" is the bridge itself'],
  ])('refuses %s', (_, unit, sentence) => {
    expect(faultsOf(unit)).toEqual([sentence]);
  });

  it('refuses a device that stands twice', () => {
    expect(faultsOf(meter, { ...pulses, device: 'meter-1' })).toEqual([
      'buses.0.units.1.device: "meter-1" is read twice',
    ]);
  });

  it('refuses two buses on one line, and a bus with two lines', () => {
    const twice = read([
      { id: 'b1', tcp, units: [meter] },
      { id: 'b2', rtuOverTcp: tcp, units: [pulses] },
    ]);
    expect(twice).toMatchObject({ ok: false, faults: [{ message: 'bus "b1" is on 127.0.0.1:1502 already' }] });
    const both = read([{ id: 'b1', tcp, rtu: { path: '/dev/ttyUSB0' }, units: [meter] }]);
    expect(both).toMatchObject({ ok: false, faults: [{ message: 'expected one of rtu, tcp and rtuOverTcp' }] });
  });

  it('names, where the plant is known, what is not in it or is another kind of device', () => {
    const plant = new Map([['meter-1', { kind: 'reservoir_level' }]]);
    const file = { site: 'toru', gateway: 'gw-1', buses: [{ id: 'b1', tcp, units: [meter, pulses] }] };
    const parsed = parseBridgeFile(file, profiles, plant);
    expect(parsed.ok ? [] : parsed.faults.map(({ message }) => message)).toEqual([
      '"meter-1" is a reservoir_level, and profile "tuf-2000m" is that of a flow_meter',
      '"meter-2" is not among the devices of the plant',
    ]);
  });
});

import { describe, expect, it } from 'vitest';
import { createTown, type TownMessage } from '../../device-sim/town.ts';
import type { DeviceId } from '../../model/ids.ts';
import { type Device, parsePlant } from '../../model/plant.ts';
import { ANY_PROFILE, parseProfile } from '../../model/profile.ts';
import { asLines, asWhole, HOUR_MS, NOVEMBER, network, newTown, plant, plantWith, profiles } from './village.ts';

describe('the simulated village', () => {
  it('tells the same with the same seed, however it is stepped', async () => {
    const [one, two] = await Promise.all([newTown(), newTown()]);
    const inOne = one.step(NOVEMBER + 3 * HOUR_MS);
    const inSeconds = [];
    for (let at = NOVEMBER + 1000; at <= NOVEMBER + 3 * HOUR_MS; at += 1000) inSeconds.push(...two.step(at));
    expect(inOne.length).toBeGreaterThan(40 * 180 - 1);
    expect(asWhole(inSeconds)).toEqual(asWhole(inOne));
  });

  it('tells otherwise with another seed', async () => {
    const [one, two] = await Promise.all([newTown(), newTown({ seed: 2 })]);
    const lines = new Set(asLines(one.step(NOVEMBER + HOUR_MS)));
    const others = asLines(two.step(NOVEMBER + HOUR_MS));
    expect(others.filter((line) => lines.has(line)).length).toBeLessThan(others.length / 10);
  });

  it.each([0.01, 1, 5.5, 11.99, 23])('goes on after %f h from a snapshot as if it had never stopped', async (hours) => {
    const endMs = NOVEMBER + 26 * HOUR_MS;
    const stopMs = NOVEMBER + hours * HOUR_MS;
    const through = await newTown();
    through.step(stopMs);
    const saved = JSON.parse(JSON.stringify(through.snapshot()));
    const rest = asWhole(through.step(endMs));
    const resumed = await newTown({ fromMs: stopMs, snapshot: saved });
    expect(asWhole(resumed.step(endMs))).toEqual(rest);
    expect(resumed.snapshot()).toEqual(through.snapshot());
  });

  it('reports every device once an interval, and in time order', async () => {
    const town = await newTown();
    const messages = town.step(NOVEMBER + HOUR_MS);
    expect(messages.filter(({ atMs, frame }) => atMs !== frame.ts)).toEqual([]);
    for (const device of plant.devices.values()) {
      const times = messages.filter((m) => m.device === device.id).map((m) => m.atMs);
      const slots = times.filter((ts) => (ts - (times[0] ?? 0)) % (device.everyS * 1000) === 0);
      expect(slots.length, device.id).toBe(60);
      expect(new Set(times).size).toBe(times.length);
    }
    const ts = messages.map((m) => m.atMs);
    expect(ts).toEqual([...ts].sort((a, b) => a - b));
    expect(ts.every((t) => Number.isSafeInteger(t) && t > NOVEMBER && t <= NOVEMBER + HOUR_MS)).toBe(true);
  });

  it('spreads its devices over the interval', async () => {
    const town = await newTown();
    const seconds = new Set(town.step(NOVEMBER + 60_000).map((m) => m.atMs));
    expect(seconds.size).toBeGreaterThan(20);
  });

  it('says thinned only what it says unthinned too, and every change', async () => {
    const [full, thin] = await Promise.all([newTown(), newTown()]);
    const endMs = NOVEMBER + 24 * HOUR_MS;
    const all = new Set(asLines(full.step(endMs)));
    const few = thin.step(endMs, 300);
    expect(asLines(few).filter((line) => !all.has(line))).toEqual([]);
    const level = few.filter((m) => m.device === 'tank-1-level');
    expect(level.length).toBe(288);
    const switched = few.filter((m) => m.device === 'circuit-1' && m.frame.values.contactor_on === true);
    expect(switched[0]?.frame.values.active_power).toBeGreaterThan(0);
  });

  it('numbers the reports of a device from 0 on, but not where it leaves some out', async () => {
    const town = await newTown();
    const control = (message: TownMessage): boolean => message.device === 'cab-1-control';
    const seqs = town
      .step(NOVEMBER + 24 * HOUR_MS)
      .filter(control)
      .map(({ frame }) => frame.seq);
    expect(seqs.length).toBeGreaterThan(1440);
    expect(seqs).toEqual(seqs.map((_, i) => i));
    const thinned = town.step(NOVEMBER + 36 * HOUR_MS, 300).filter(control);
    expect(thinned.filter(({ frame }) => frame.seq !== undefined)).toEqual([]);
    const [next] = town.step(NOVEMBER + 37 * HOUR_MS).filter(control);
    expect(next?.frame.seq).toBeGreaterThanOrEqual(seqs.length + 720);
  });

  it('tells at once when the pump starts', async () => {
    const town = await newTown();
    const reports = town.step(NOVEMBER + 24 * HOUR_MS).filter((m) => m.device === 'borehole-1-pump');
    const phase = (reports[0]?.atMs ?? 0) % 60_000;
    const atOnce = reports.filter((m) => m.atMs % 60_000 !== phase);
    const changes = reports.filter(
      (m, i) => i > 0 && m.frame.values.pump_running !== reports[i - 1]?.frame.values.pump_running,
    );
    expect(changes.length).toBeGreaterThan(3);
    expect(changes.filter((m) => !atOnce.includes(m) && m.atMs % 60_000 !== phase)).toEqual([]);
    expect(atOnce.length).toBeGreaterThan(0);
  });

  it('keeps every value within the range of its profile', async () => {
    const town = await newTown();
    const outside = town.step(NOVEMBER + 48 * HOUR_MS).flatMap(({ device, frame }) => {
      const metrics = plant.devices.get(device)?.metrics;
      expect(Object.keys(frame.values).sort()).toEqual([...(metrics?.keys() ?? [])].sort());
      return Object.entries(frame.values).filter(([name, value]) => {
        const metric = metrics?.get(name);
        if (metric?.type === 'boolean') return typeof value !== 'boolean';
        return typeof value !== 'number' || !(value >= (metric?.min ?? 1) && value <= (metric?.max ?? 0));
      });
    });
    expect(outside).toEqual([]);
  });

  it('counts only upwards', async () => {
    const town = await newTown();
    const last = new Map<string, number>();
    for (const { device, frame } of town.step(NOVEMBER + 48 * HOUR_MS)) {
      for (const [name, value] of Object.entries(frame.values)) {
        if (plant.devices.get(device)?.metrics.get(name)?.kind !== 'counter') continue;
        expect(value).toBeGreaterThanOrEqual(last.get(`${device}.${name}`) ?? 0);
        last.set(`${device}.${name}`, Number(value));
      }
    }
    expect(last.size).toBeGreaterThan(8);
  });

  it('simulates every shipped profile, those of real meters too', async () => {
    const places: Record<string, object> = {
      reservoir_level: { asset: 'tank-1' },
      borehole_level: { asset: 'borehole-1' },
      pump_controller: { asset: 'borehole-1' },
      flow_meter: { element: 'rise-b' },
      pressure_logger: { element: 'u12' },
      water_quality: { asset: 'treatment-1' },
      cabinet_controller: { asset: 'cab-1' },
      cabinet_meter: { asset: 'cab-1' },
      circuit_monitor: { element: 'c1' },
    };
    const devices = [...profiles.values()].map(({ id, kind }) => ({
      id: `x-${id}`,
      site: 'toru',
      profile: id,
      ...places[kind],
    }));
    const town = await newTown({ plant: plantWith({ devices }) });
    const said = new Map(town.step(NOVEMBER + HOUR_MS).map(({ device, frame }) => [device, frame.values]));
    for (const { id, metrics } of profiles.values()) {
      const values = said.get(`x-${id}`) ?? {};
      expect(Object.keys(values).sort(), id).toEqual([...metrics.keys()].sort());
      expect(Object.values(values), id).not.toContain(null);
    }
    const { active_power: watt, apparent_power: va, reactive_power: reactive, frequency } = said.get('x-sdm630') ?? {};
    expect(Math.hypot(Number(watt), Number(reactive)) / Number(va)).toBeCloseTo(1, 1);
    expect(frequency).toBeCloseTo(50, 0);
  });

  it('simulates the controller of a lamp, with its hours', async () => {
    const metrics = {
      lamp_on: { reporting: 'on-change' },
      dimming: {},
      active_power: {},
      burn_hours: { resolution: 0.01 },
    };
    const profile = parseProfile({ id: 'lamp', kind: 'lamp_controller', everyS: 60, metrics });
    if (!profile.ok) throw new Error('the profile is well formed');
    const lamps = plantWith();
    const device = { ...(lamps.devices.get('circuit-1') as Device), id: 'lamp-1' as DeviceId, element: 'c1' };
    const more: Device = { ...device, profile: 'lamp', kind: 'lamp_controller', metrics: profile.value.metrics };
    const town = await newTown({ plant: { ...lamps, devices: new Map([...lamps.devices, ['lamp-1', more]]) } });
    const reports = town.step(NOVEMBER + 24 * HOUR_MS).filter((message) => message.device === 'lamp-1');
    const lit = reports.filter(({ frame }) => frame.values.lamp_on === true);
    const hours = Number(reports.at(-1)?.frame.values.burn_hours) - Number(reports[0]?.frame.values.burn_hours);
    expect(hours).toBeCloseTo(lit.length / 60, 0);
    expect(lit.every(({ frame }) => Number(frame.values.active_power) > 0)).toBe(true);
  });

  it('names the device that has no element in the network', async () => {
    const lost = network.replaceAll('meter-upper', 'main-9');
    await expect(createTown({ plant, network: lost, site: 'toru', seed: 1, fromMs: NOVEMBER })).rejects.toThrow(
      'meter-upper: the network file has no link named "meter-upper"',
    );
  });

  it('names the device whose kind it does not know', async () => {
    const small = parsePlant(
      {
        sites: [{ id: 'toru', lat: 42, lon: 76, timeZone: 'Asia/Bishkek', simulated: true, network: 'village.inp' }],
        devices: [{ id: 'odd', site: 'toru' }],
      },
      new Map([[ANY_PROFILE.id, ANY_PROFILE]]),
    );
    if (!small.ok) throw new Error('the plant is well formed');
    const town = createTown({ plant: small.value, network, site: 'toru', seed: 1, fromMs: NOVEMBER });
    await expect(town).rejects.toThrow('odd: the simulator knows no device of kind "device"');
  });

  it('says why a network cannot be used', async () => {
    const make = (text: string) => createTown({ plant, network: text, site: 'toru', seed: 1, fromMs: NOVEMBER });
    await expect(make('[JUNCTIONS]\nx y')).rejects.toMatchObject({ code: 'bad-network' });
  });
});

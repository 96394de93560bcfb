/** What a device says when something is wrong with it. */
import { describe, expect, it } from 'vitest';
import type { TownMessage } from '../../device-sim/town.ts';
import type { Device, Plant } from '../../model/plant.ts';
import type { SimFault } from '../../model/sim-fault.ts';
import { DAY_MS, plant as demo, fault, HOUR_MS, NOVEMBER, newTown } from './village.ts';

const MINUTE_MS = 60_000;
const FROM = NOVEMBER + HOUR_MS;
const TO = NOVEMBER + 3 * HOUR_MS;
const END = NOVEMBER + 4 * HOUR_MS;

/** The demo's loggers do not tell of theirs. */
const withLoggerBattery: Plant = {
  ...demo,
  devices: new Map([...demo.devices].map(([id, device]) => [id, id === 'pressure-1' ? withBattery(device) : device])),
};

function withBattery(device: Device): Device {
  const battery = [...demo.devices.values()].map(({ metrics }) => metrics.get('battery')).find((each) => each);
  if (!battery) throw new Error('no device of the demo reports a battery');
  return { ...device, metrics: new Map([...device.metrics, ['battery', battery]]) };
}

/** What a device reports with faults and without, by time of measuring: the two are the same village. */
async function compare(device: string, faults: readonly SimFault[], { untilMs = END, plant = demo } = {}) {
  const [wrong, sound] = await Promise.all([newTown({ faults, plant }), newTown({ plant })]);
  const of = (messages: readonly TownMessage[]) => messages.filter((message) => message.device === device);
  return { wrong: of(wrong.step(untilMs)), sound: of(sound.step(untilMs)), town: wrong };
}

function during(messages: readonly TownMessage[], fromMs = FROM, toMs = TO): TownMessage[] {
  return messages.filter(({ atMs }) => atMs >= fromMs && atMs < toMs);
}

function values(messages: readonly TownMessage[], metric: string): unknown[] {
  return messages.map(({ frame }) => frame.values[metric]);
}

function numbers(messages: readonly TownMessage[], metric: string): number[] {
  return values(messages, metric).map(Number);
}

function differences(a: readonly TownMessage[], b: readonly TownMessage[], metric: string): number[] {
  const others = numbers(b, metric);
  return numbers(a, metric).map((value, i) => value - (others[i] ?? Number.NaN));
}

describe('a fault of a device', () => {
  it('stuck holds the value of the moment in which it began', async () => {
    const { wrong, sound } = await compare('meter-upper', [
      fault('stuck', 'meter-upper', { metric: 'flow_rate', toMs: TO }),
    ]);
    const held = new Set(numbers(during(wrong), 'flow_rate'));
    expect(held.size).toBe(1);
    expect(new Set(numbers(during(sound), 'flow_rate')).size).toBeGreaterThan(20);
    expect(numbers(during(wrong), 'volume_total')).toEqual(numbers(during(sound), 'volume_total'));
    expect(during(wrong, TO, END)).toEqual(during(sound, TO, END));
    expect(during(wrong, NOVEMBER, FROM)).toEqual(during(sound, NOVEMBER, FROM));
  });

  it('stuck without a metric holds all that the device says', async () => {
    const { wrong } = await compare('borehole-1-pump', [fault('stuck', 'borehole-1-pump')], {
      untilMs: NOVEMBER + 12 * HOUR_MS,
    });
    const said = during(wrong, FROM, NOVEMBER + 12 * HOUR_MS).map(({ frame }) => JSON.stringify(frame.values));
    expect(new Set(said).size).toBe(1);
  });

  it('stuck holds the same whichever reports are asked for', async () => {
    const faults = [fault('stuck', 'tank-1-level', { fromMs: FROM + 17_123 })];
    const [full, thin] = await Promise.all([newTown({ faults }), newTown({ faults })]);
    const last = (messages: readonly TownMessage[]) => messages.findLast(({ device }) => device === 'tank-1-level');
    expect(last(thin.step(TO, 600))?.frame.values).toEqual(last(full.step(TO))?.frame.values);
  });

  it('drift goes away from the truth by so much a day', async () => {
    const drift = fault('drift', 'tank-1-level', { metric: 'level', perDay: -0.24 });
    const { wrong, sound } = await compare('tank-1-level', [drift], { untilMs: NOVEMBER + 25 * HOUR_MS });
    const apart = differences(wrong, sound, 'level');
    expect(apart[30]).toBe(0);
    expect(apart.at(-1)).toBeCloseTo(-0.24, 2);
    expect(apart[60 + 12 * 60]).toBeCloseTo(-0.12, 2);
  });

  it('offset is off by so much', async () => {
    const { wrong, sound } = await compare('pressure-1', [
      fault('offset', 'pressure-1', { metric: 'pressure', by: 0.7, toMs: TO }),
    ]);
    for (const apart of differences(during(wrong), during(sound), 'pressure')) expect(apart).toBeCloseTo(0.7, 5);
    expect(during(wrong, TO, END)).toEqual(during(sound, TO, END));
  });

  it('noise scatters around the truth', async () => {
    const { wrong, sound } = await compare('pressure-1', [
      fault('noise', 'pressure-1', { metric: 'pressure', deviation: 0.5 }),
    ]);
    const apart = differences(during(wrong, FROM, END), during(sound, FROM, END), 'pressure');
    const mean = apart.reduce((a, b) => a + b, 0) / apart.length;
    const deviation = Math.sqrt(apart.reduce((sum, value) => sum + (value - mean) ** 2, 0) / apart.length);
    expect(Math.abs(mean)).toBeLessThan(0.15);
    expect(deviation).toBeGreaterThan(0.35);
    expect(deviation).toBeLessThan(0.65);
  });

  it('spikes stand alone, so many a day', async () => {
    const spikes = fault('spikes', 'pressure-1', { metric: 'pressure', height: 5, perDay: 72 });
    const { wrong, sound } = await compare('pressure-1', [spikes], { untilMs: NOVEMBER + 25 * HOUR_MS });
    const apart = differences(wrong, sound, 'pressure').map((value) => Math.round(value));
    expect(new Set(apart)).toEqual(new Set([0, 5]));
    const count = apart.filter((value) => value === 5).length;
    expect(count).toBeGreaterThan(45);
    expect(count).toBeLessThan(100);
  });

  it('failed-read says null, never 0', async () => {
    const { wrong, sound } = await compare('borehole-1-flow', [fault('failed-read', 'borehole-1-flow', { toMs: TO })]);
    const nulls = during(wrong).map(({ frame }) => Object.values(frame.values));
    expect(nulls.flat().every((value) => value === null)).toBe(true);
    expect(nulls.length).toBe(120);
    expect(during(wrong, TO, END)).toEqual(during(sound, TO, END));
  });

  it('silent says nothing, and counts its reports on afterwards', async () => {
    const { wrong, sound } = await compare('tank-2-level', [fault('silent', 'tank-2-level', { toMs: TO })]);
    expect(during(wrong)).toEqual([]);
    expect(values(during(wrong, TO, END), 'level')).toEqual(values(during(sound, TO, END), 'level'));
    expect(during(wrong, TO, END)[0]?.frame.seq).toBe(60);
  });

  it('silent at a gateway silences all that speaks through it, and nobody else', async () => {
    const town = await newTown({ faults: [fault('silent', 'gw-tank-1')] });
    town.skip(FROM);
    const heard = new Set(town.step(FROM + 10 * MINUTE_MS).map(({ device }) => device));
    for (const device of ['gw-tank-1', 'tank-1-level', 'meter-upper', 'meter-transfer'])
      expect(heard).not.toContain(device);
    expect(heard.size).toBe(36);
  });

  it('counter-reset counts from 0 since it began, for good', async () => {
    const { wrong, sound } = await compare('meter-upper', [fault('counter-reset', 'meter-upper', { toMs: TO })]);
    const totals = numbers(during(wrong, FROM, END), 'volume_total');
    expect(totals[0]).toBeLessThan(0.2);
    const full = numbers(during(sound, FROM, END), 'volume_total');
    expect(totals.at(-1)).toBeCloseTo((full.at(-1) ?? 0) - (full[0] ?? 0) + (totals[0] ?? 0), 1);
    expect(totals).toEqual([...totals].sort((a, b) => a - b));
    expect(numbers(wrong, 'flow_rate')).toEqual(numbers(sound, 'flow_rate'));
  });

  it('counter-roll-over begins anew at its last number', async () => {
    const { wrong, sound } = await compare('meter-upper', [fault('counter-roll-over', 'meter-upper', { rollsAt: 2 })]);
    const totals = numbers(during(wrong, FROM, END), 'volume_total');
    expect(Math.max(...totals)).toBeLessThan(2);
    expect(totals.filter((total, i) => total < (totals[i - 1] ?? 0)).length).toBeGreaterThan(2);
    const full = numbers(during(sound, FROM, END), 'volume_total');
    for (const [i, total] of totals.entries()) expect(((full[i] ?? 0) - total) % 2).toBeCloseTo(0, 5);
  });

  it('clock-skew writes another time', async () => {
    const { wrong } = await compare('pressure-1', [fault('clock-skew', 'pressure-1', { byS: -90, toMs: TO })]);
    for (const { atMs, frame } of during(wrong)) expect(frame.ts).toBe(atMs - 90_000);
    for (const { atMs, frame } of during(wrong, TO, END)) expect(frame.ts).toBe(atMs);
  });

  it('clock-unset counts from 1970, since it began', async () => {
    const { wrong } = await compare('pressure-1', [fault('clock-unset', 'pressure-1')]);
    for (const { atMs, frame } of during(wrong)) expect(frame.ts).toBe(atMs - FROM);
  });

  it('clock-missing writes no time', async () => {
    const { wrong } = await compare('pressure-1', [fault('clock-missing', 'pressure-1', { toMs: TO })]);
    for (const { frame } of during(wrong)) expect(Object.keys(frame)).toEqual(['seq', 'values']);
    expect(during(wrong).length).toBe(120);
  });

  it.each([
    ['a lead battery', 'gw-tank-1'],
    ['a lithium cell', 'pressure-1'],
  ])('battery-sag lowers %s by its part in its time', async (_, device) => {
    const sag = fault('battery-sag', device, { overH: 2 });
    const { wrong, sound } = await compare(device, [sag], { plant: withLoggerBattery });
    const usual = numbers(sound, 'battery');
    const parts = numbers(wrong, 'battery').map((volts, i) => volts / (usual[i] ?? Number.NaN));
    expect(parts[30]).toBe(1);
    expect(parts[120]).toBeCloseTo(0.91, 2);
    expect(parts[200]).toBeCloseTo(0.82, 2);
  });

  it('several at once: what is stuck no longer drifts', async () => {
    const { wrong } = await compare('pressure-1', [
      fault('drift', 'pressure-1', { metric: 'pressure', perDay: 24 }),
      fault('stuck', 'pressure-1', { metric: 'pressure', fromMs: FROM + HOUR_MS }),
    ]);
    const said = numbers(wrong, 'pressure');
    expect((said[119] ?? 0) - (said[60] ?? 0)).toBeGreaterThan(0.7);
    expect(new Set(said.slice(121)).size).toBe(1);
  });

  it('shows in the registers that Modbus reads', async () => {
    const faults = [fault('failed-read', 'meter-upper', { metric: 'flow_rate' }), fault('silent', 'tank-1-level')];
    const town = await newTown({ faults });
    expect(town.values('meter-upper').flow_rate).toBeTypeOf('number');
    town.skip(FROM + DAY_MS);
    expect(town.values('meter-upper')).toMatchObject({ flow_rate: null, volume_total: expect.any(Number) });
    expect(town.values('tank-1-level').level).toBeCloseTo(town.water.levelM('tank-1', town.nowMs), 1);
    expect(town.values('nobody')).toEqual({});
  });

  it('leaves a meter’s bus without an answer in a power cut, while its gateway says 0 V of it', async () => {
    const town = await newTown({ faults: [fault('power-cut', 'toru')] });
    town.skip(FROM - 1);
    expect(town.values('cab-1-meter').voltage_l1).toBeGreaterThan(200);
    const said = town.step(TO).findLast(({ device }) => device === 'cab-1-meter');
    expect(said?.frame.values).toMatchObject({ voltage_l1: 0, current_l1: 0 });
    expect(new Set(Object.values(town.values('cab-1-meter')))).toEqual(new Set([null]));
    // What the gateway's battery feeds, and what has a battery of its own.
    expect(town.values('tank-1-level').level).toBeTypeOf('number');
    expect(town.values('pressure-1').pressure).toBeTypeOf('number');
    town.skip(FROM + 9 * HOUR_MS);
    expect(town.values('tank-1-level').level).toBeNull();
    expect(town.values('pressure-1').pressure).toBeTypeOf('number');
  });
});

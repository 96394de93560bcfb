/** What is heard of devices whose link or power fails. */
import { expect, it } from 'vitest';
import { calm, type Day, play } from './play.ts';

const LEVEL = 'tank-1-level.level';
const minutes = (hours: number) => hours * 60;
/** Of the readings of a day without a fault, those that a faulty day has as well, by the device's clock. */
const measured = (day: Day, toH: number) =>
  new Set(day.heard(LEVEL).flatMap(({ measuredH }) => (measuredH < toH ? [measuredH] : [])));

it('link-down: a gateway’s devices are not heard, and then all that they have kept is', async () => {
  const day = await play('link-down', 4);
  for (const series of [LEVEL, 'meter-upper.flow_rate', 'gw-tank-1.battery']) {
    expect(day.heard(series).filter(({ arrivedH }) => arrivedH > 1.02 && arrivedH < 3)).toEqual([]);
  }
  expect(day.heard('tank-2-level.level').some(({ arrivedH }) => arrivedH > 1.5 && arrivedH < 2)).toBe(true);
  expect(measured(day, 3.5)).toEqual(measured(await calm(), 3.5));
});

it('link-lossy: that share never arrives, and its numbers are missing', async () => {
  const day = await play('link-lossy', 12);
  const share = 1 - measured(day, 11).size / measured(await calm(), 11).size;
  expect(share).toBeGreaterThan(0.2);
  expect(share).toBeLessThan(0.35);
});

it('link-late: everything comes two minutes later', async () => {
  const heard = (await play('link-late', 4)).heard(LEVEL).filter(({ measuredH }) => measuredH > 1 && measuredH < 3);
  expect(heard.length).toBeGreaterThan(100);
  for (const { arrivedH, measuredH } of heard) expect(minutes(arrivedH - measuredH)).toBeCloseTo(2, 1);
});

it('link-duplicates: that share comes twice, the same both times', async () => {
  const heard = (await play('link-duplicates', 12)).heard(LEVEL);
  const byTime = [...Map.groupBy(heard, ({ measuredH }) => measuredH).values()];
  const twice = byTime.filter((same) => same.length === 2);
  expect(twice.length / byTime.length).toBeGreaterThan(0.15);
  expect(twice.length / byTime.length).toBeLessThan(0.4);
  for (const [first, second] of twice) expect(second?.value).toBe(first?.value);
});

it('link-reorders: out of order, by five minutes at most', async () => {
  const heard = (await play('link-reorders', 4)).heard(LEVEL).filter(({ measuredH }) => measuredH > 1 && measuredH < 3);
  const times = heard.map(({ measuredH }) => measuredH);
  expect(times).not.toEqual(times.toSorted((a, b) => a - b));
  for (const { arrivedH, measuredH } of heard) expect(minutes(arrivedH - measuredH)).toBeLessThanOrEqual(5.1);
});

it('operator-outage: nobody is heard, and then everybody', async () => {
  const day = await play('operator-outage', 4);
  const arrived = day.messages.map(({ atMs }) => (atMs - Date.parse('2026-11-02T00:00+06:00')) / 3_600_000);
  expect(arrived.filter((h) => h > 1.02 && h < 3)).toEqual([]);
  expect(measured(day, 3.5)).toEqual(measured(await calm(), 3.5));
});

it('power-cut: lamps are dark, the pump stands, the mains are gone, and gateways live on', async () => {
  const day = await play('power-cut', 4);
  expect(new Set(day.values('gw-borehole.mains_ok', 1.1, 2.9))).toEqual(new Set([false]));
  expect(new Set(day.values('borehole-1-pump.pump_running', 1.1, 2.9))).not.toContain(true);
  expect(Math.max(...day.numbers('cab-1-meter.voltage_l1', 1.1, 2.9))).toBeLessThan(10);
  expect(day.mean('circuit-1.active_power', 1.1, 2.9)).toBeLessThan(10);
  expect(day.numbers('gw-borehole.battery', 2.8, 2.9)[0]).toBeLessThan(12.8);
  expect(day.numbers(LEVEL, 1.1, 2.9).length).toBeGreaterThan(90);
  expect(new Set(day.values('gw-borehole.mains_ok', 3.1, 4))).toEqual(new Set([true]));
});

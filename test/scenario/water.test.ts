/** What the devices report of each fault of water: `faults/<kind>.yaml`, against the same day without it. */
import { expect, it } from 'vitest';
import { calm, change, play } from './play.ts';

it('burst: the zone’s inflow jumps by the leak, pressure falls, and both return', async () => {
  const day = await play('burst', 4);
  expect(await change(day, 'meter-upper.flow_rate', [1.1, 2.9])).toBeCloseTo(12, -0.2);
  expect(await change(day, 'pressure-1.pressure', [1.1, 2.9])).toBeLessThan(-0.05);
  expect(Math.abs(await change(day, 'meter-lower.flow_rate', [1.1, 2.9]))).toBeLessThan(0.5);
  expect(Math.abs(await change(day, 'meter-upper.flow_rate', [3.1, 4]))).toBeLessThan(0.5);
});

it('leak: it grows over its time', async () => {
  const day = await play('leak', 6);
  const [early, full, after] = [
    await change(day, 'meter-upper.flow_rate', [1.4, 1.6]),
    await change(day, 'meter-upper.flow_rate', [3.2, 4.8]),
    await change(day, 'meter-upper.flow_rate', [5.2, 6]),
  ];
  expect(early).toBeGreaterThan(0.5);
  expect(early).toBeLessThan(3);
  expect(full).toBeGreaterThan(5);
  expect(full).toBeLessThan(7);
  expect(Math.abs(after)).toBeLessThan(0.5);
});

it('hydrant: inflow is up by what it takes', async () => {
  const day = await play('hydrant', 2);
  expect(await change(day, 'meter-upper.flow_rate', [1.1, 1.9])).toBeCloseTo(10, -0.2);
});

it('pump-failure: the pump says so, stands, and the tank falls', async () => {
  const day = await play('pump-failure', 12);
  expect(new Set(day.values('borehole-1-pump.pump_fault', 1.1, 12))).toEqual(new Set([true]));
  expect(new Set(day.values('borehole-1-pump.pump_running', 1.1, 12))).toEqual(new Set([false]));
  expect(Math.max(...day.numbers('borehole-1-flow.flow_rate', 1.1, 12))).toBeLessThan(0.1);
  expect(await change(day, 'tank-1-level.level', [11, 12])).toBeLessThan(-0.2);
});

it('valve-closed: nothing flows through it, and the pressure behind it is gone', async () => {
  const day = await play('valve-closed', 2);
  expect(Math.max(...day.numbers('meter-lower.flow_rate', 1.1, 1.9))).toBeLessThan(0.2);
  expect(await change(day, 'pressure-4.pressure', [1.2, 1.9])).toBeLessThan(-0.5);
});

it('valve-open: the tank fills over the limit at which its float would close', async () => {
  const day = await play('valve-open', 20);
  const most = (levels: readonly number[]) => Math.max(...levels);
  const usual = most((await calm()).numbers('tank-2-level.level', 0, 20));
  expect(most(day.numbers('tank-2-level.level', 0, 20))).toBeGreaterThan(usual + 0.1);
});

it('well-falls: the well is lower by that', async () => {
  const day = await play('well-falls', 4);
  expect(await change(day, 'borehole-1-level.well_level', [1.1, 4])).toBeLessThan(-4);
});

it('dosing-failure: chlorine falls', async () => {
  const day = await play('dosing-failure', 16);
  expect((await calm()).mean('treatment-1-quality.chlorine', 12, 16)).toBeGreaterThan(0.2);
  expect(day.mean('treatment-1-quality.chlorine', 12, 16)).toBeLessThan(0.1);
});

it('uv-failure: the lamp is reported as not working, and then as working', async () => {
  const day = await play('uv-failure', 4);
  expect(new Set(day.values('treatment-1-quality.uv_ok', 1.1, 2.9))).toEqual(new Set([false]));
  expect(new Set(day.values('treatment-1-quality.uv_ok', 3.1, 4))).toEqual(new Set([true]));
});

it('turbidity: at that figure', async () => {
  const day = await play('turbidity', 3);
  expect(day.mean('treatment-1-quality.turbidity', 1.1, 2.9)).toBeGreaterThan(10.5);
  expect(day.mean('treatment-1-quality.turbidity', 1.1, 2.9)).toBeLessThan(13.5);
});

it('intermittent-supply: water by the hour, and more than usual in it, since the household tanks fill', async () => {
  const day = await play('intermittent-supply', 10);
  expect(Math.max(...day.numbers('meter-upper.flow_rate', 1, 5.9))).toBeLessThan(0.2);
  expect(await change(day, 'meter-upper.flow_rate', [6, 6.2])).toBeGreaterThan(10);
  expect(Math.max(...day.numbers('meter-upper.flow_rate', 9.1, 10))).toBeLessThan(0.2);
});

it('irrigation: 400 L a connection and day more', async () => {
  const day = await play('irrigation', 24);
  const moreM3h =
    (await change(day, 'meter-upper.flow_rate', [0, 24])) + (await change(day, 'meter-lower.flow_rate', [0, 24]));
  expect(moreM3h).toBeGreaterThan(7);
  expect(moreM3h).toBeLessThan(13);
});

it('frost-taps: 20 L a connection and hour more, in the night too', async () => {
  const day = await play('frost-taps', 5);
  const moreM3h = await change(day, 'meter-upper.flow_rate', [2, 4]);
  expect(moreM3h).toBeGreaterThan(4);
  expect(moreM3h).toBeLessThan(6.5);
});

it('ramadan: the village is awake before dawn', async () => {
  const day = await play('ramadan', 8);
  expect(await change(day, 'meter-lower.flow_rate', [4.5, 6])).toBeGreaterThan(1);
});

/** What the devices report of each fault of light. It burns until 07:20 and from 17:50 on. */
import { expect, it } from 'vitest';
import { calm, change, conditions, type Day, play } from './play.ts';

const all = (day: Day, series: string, fromH: number, toH: number) => [...new Set(day.values(series, fromH, toH))];

it('lamp-out: power is lower by two lamps of 60 W, and back when they burn again', async () => {
  const day = await play('lamp-out', 4);
  expect(await change(day, 'circuit-1.active_power', [1.1, 2.9])).toBeCloseTo(-120, -1.4);
  expect(await change(day, 'circuit-1.active_power', [3.1, 4])).toBeCloseTo(0, -1);
});

it('day-burner: a lamp takes power at noon, past a contactor that is off', async () => {
  const day = await play('day-burner', 14);
  expect(day.mean('circuit-1.active_power', 11, 14)).toBeCloseTo(60, -1);
  expect(all(day, 'circuit-1.contactor_on', 11, 14)).toEqual([false]);
  expect((await calm()).mean('circuit-1.active_power', 11, 14)).toBeLessThan(10);
});

it('lamp-cycling: power goes up and down', async () => {
  const day = await play('lamp-cycling', 5);
  const spread = (of: Day) => {
    const watts = of.numbers('circuit-12.active_power', 1.3, 4.9);
    return Math.max(...watts) - Math.min(...watts);
  };
  expect(spread(day)).toBeGreaterThan(150);
  expect(spread(await calm())).toBeLessThan(100);
});

it('dimming-failure: full power in the dimmed hours', async () => {
  const day = await play('dimming-failure', 4);
  const usual = (await calm()).mean('circuit-2.active_power', 1.1, 2.9);
  expect(day.mean('circuit-2.active_power', 1.1, 2.9) / usual).toBeCloseTo(2, 1);
  expect(day.mean('circuit-2.active_power', 3.1, 4) / usual).toBeCloseTo(1, 1);
});

it('capacitor-failure: the power factor falls and the power stays', async () => {
  const day = await play('capacitor-failure', 3);
  expect(await change(day, 'cab-4-meter.power_factor', [1.2, 2.9])).toBeLessThan(-0.1);
  expect(Math.abs(await change(day, 'circuit-12.active_power', [1.2, 2.9]))).toBeLessThan(50);
});

it('theft: power is higher by the load', async () => {
  const day = await play('theft', 3);
  expect(await change(day, 'circuit-1.active_power', [1.1, 2.9])).toBeCloseTo(500, -1.4);
});

it('contactor-stuck-on: it burns by day without a command', async () => {
  const day = await play('contactor-stuck-on', 15);
  expect(all(day, 'circuit-1.contactor_on', 10, 13.9)).toEqual([true]);
  expect(all(day, 'cab-1-control.light_command', 10, 13.9)).toEqual([false]);
  expect(day.mean('circuit-1.active_power', 10, 13.9)).toBeGreaterThan(700);
  expect(all(day, 'circuit-1.contactor_on', 14.1, 15)).toEqual([false]);
});

it('contactor-stuck-off: commanded, and dark', async () => {
  const day = await play('contactor-stuck-off', 3);
  expect(all(day, 'circuit-1.contactor_on', 1.1, 2.9)).toEqual([false]);
  expect(all(day, 'cab-1-control.light_command', 1.1, 2.9)).toEqual([true]);
  expect(day.mean('circuit-1.active_power', 1.1, 2.9)).toBeLessThan(10);
});

it('breaker-tripped: it says so, and its circuit is dark', async () => {
  const day = await play('breaker-tripped', 4);
  expect(all(day, 'circuit-7.breaker_closed', 1.1, 2.9)).toEqual([false]);
  expect(day.mean('circuit-7.active_power', 1.1, 2.9)).toBeLessThan(10);
  expect(all(day, 'circuit-7.breaker_closed', 3.1, 4)).toEqual([true]);
});

it('lights-forced-on: all circuits of the cabinet burn by day', async () => {
  const day = await play('lights-forced-on', 13);
  for (const circuit of ['circuit-1', 'circuit-2', 'circuit-3']) {
    expect(day.mean(`${circuit}.active_power`, 10.2, 11.9), circuit).toBeGreaterThan(400);
  }
  expect(day.mean('circuit-4.active_power', 10.2, 11.9)).toBeLessThan(10);
  expect(day.mean('circuit-1.active_power', 12.2, 13)).toBeLessThan(10);
});

it('light-clock-wrong: a clock that is an hour fast switches on an hour too early', async () => {
  const onAtH = (day: Day) =>
    day.heard('circuit-1.contactor_on').find(({ measuredH, value }) => measuredH > 12 && value === true)?.measuredH ??
    0;
  const day = await play('light-clock-wrong', 22);
  expect(onAtH(day) - onAtH(await calm())).toBeCloseTo(-1, 1);
});

it('phase-loss: no voltage on it, and its circuit dark while the others burn', async () => {
  const day = await play('phase-loss', 3);
  expect(Math.max(...day.numbers('cab-1-meter.voltage_l1', 1.1, 2.9))).toBeLessThan(20);
  expect(day.mean('cab-1-meter.voltage_l2', 1.1, 2.9)).toBeGreaterThan(200);
  expect(day.mean('circuit-1.active_power', 1.1, 2.9)).toBeLessThan(10);
  expect(day.mean('circuit-3.active_power', 1.1, 2.9)).toBeGreaterThan(400);
});

it('broken-neutral: over uneven loads one voltage is far too high and another far too low, which is critical', async () => {
  const day = await play('broken-neutral', 3);
  const volts = (phase: number) => day.numbers(`cab-1-meter.voltage_l${phase}`, 1.1, 2.9);
  expect(Math.min(...volts(1))).toBeGreaterThan(1.2 * 230);
  // It bears most: the other circuit that is left is dimmed at night.
  expect(Math.max(...volts(3))).toBeLessThan(0.8 * 230);
  expect(conditions(day)).toContain('broken-neutral.cab-1-meter');
  expect(conditions(await calm())).toEqual([]);
});

it('supply-voltage: at that voltage, and sodium lamps take less', async () => {
  const day = await play('supply-voltage', 3);
  for (const phase of [1, 2, 3]) {
    expect(day.mean(`cab-4-meter.voltage_l${phase}`, 1.2, 2.9)).toBeGreaterThan(180);
    expect(day.mean(`cab-4-meter.voltage_l${phase}`, 1.2, 2.9)).toBeLessThan(190);
  }
  expect(await change(day, 'circuit-12.active_power', [1.3, 2.9])).toBeLessThan(-200);
});

it('door-open: it says so', async () => {
  const day = await play('door-open', 4);
  expect(all(day, 'cab-1-control.door_open', 1.1, 2.9)).toEqual([true]);
  expect(all(day, 'cab-1-control.door_open', 3.1, 4)).toEqual([false]);
});

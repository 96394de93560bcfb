/** What devices report whose sensors, counters or clocks are wrong. */
import { expect, it } from 'vitest';
import { calm, change, play } from './play.ts';

const PRESSURE = 'pressure-3.pressure';

function deviation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}

/** Of readings that both days have, how much more the faulty one shows. */
async function differences(kind: string, [fromH, toH]: readonly [number, number]): Promise<readonly number[]> {
  const [usual, day] = [await calm(), await play(kind, Math.ceil(toH))];
  const before = usual.numbers(PRESSURE, fromH, toH);
  return day.numbers(PRESSURE, fromH, toH).map((value, i) => value - (before[i] ?? 0));
}

it('stuck: the same value again and again, and then others', async () => {
  const day = await play('stuck', 4);
  expect(new Set(day.values(PRESSURE, 1.05, 2.95)).size).toBe(1);
  expect(new Set(day.values(PRESSURE, 3.05, 4)).size).toBeGreaterThan(1);
});

it('drift: a tenth of a bar further off each hour', async () => {
  const day = await play('drift', 12);
  expect(await change(day, PRESSURE, [5.9, 6.1])).toBeCloseTo(-0.5, 1);
  expect(await change(day, PRESSURE, [10.8, 11])).toBeCloseTo(-1, 1);
  expect(await change(day, PRESSURE, [11.1, 12])).toBeCloseTo(0, 2);
});

it('offset: off by that', async () => {
  for (const each of await differences('offset', [1.05, 2.95])) expect(each).toBeCloseTo(0.5, 1);
});

it('noise: scatters by that', async () => {
  const each = await differences('noise', [1.05, 2.95]);
  expect(deviation(each)).toBeGreaterThan(0.12);
  expect(deviation(each)).toBeLessThan(0.3);
});

it('spikes: single readings off by that, the others right', async () => {
  const each = await differences('spikes', [1.05, 2.95]);
  const spikes = each.filter((difference) => Math.abs(difference - 3) < 0.1);
  expect(spikes.length).toBeGreaterThan(0);
  expect(spikes.length).toBeLessThan(each.length / 2);
  expect(each.filter((difference) => Math.abs(difference) < 0.1).length).toBe(each.length - spikes.length);
});

it('failed-read: null, and nothing made up in its place', async () => {
  const day = await play('failed-read', 4);
  expect(new Set(day.values('tank-1-level.level', 1.02, 2.98))).toEqual(new Set([null]));
  expect(day.numbers('tank-1-level.level', 3.05, 4).length).toBeGreaterThan(50);
});

it('silent: nothing, then or later', async () => {
  const day = await play('silent', 4);
  const heard = day.heard('tank-1-level.level');
  expect(heard.filter(({ measuredH }) => measuredH > 1.02 && measuredH < 2.98)).toEqual([]);
  expect(heard.filter(({ measuredH }) => measuredH > 3).length).toBeGreaterThan(50);
});

it('counter-reset: counts from nothing, and goes on so afterwards', async () => {
  const day = await play('counter-reset', 5);
  const total = day.numbers('meter-upper.volume_total', 1.02, 5);
  expect(total[0]).toBeLessThan(1);
  expect(total.at(-1)).toBeGreaterThan(1);
  expect(total.at(-1)).toBeLessThan(100);
  expect(total).toEqual(total.toSorted((a, b) => a - b));
});

it('counter-roll-over: begins anew at that figure', async () => {
  const day = await play('counter-roll-over', 4);
  expect(Math.max(...day.numbers('meter-upper.volume_total', 1.02, 2.98))).toBeLessThan(1000);
  expect(Math.min(...day.numbers('meter-upper.volume_total', 3.05, 4))).toBeGreaterThan(1000);
});

it('clock-skew: times an hour behind, as it arrives', async () => {
  const heard = (await play('clock-skew', 4)).heard('tank-1-level.level');
  for (const { arrivedH, measuredH } of heard) {
    const isWrong = arrivedH > 1 && arrivedH < 3;
    expect(arrivedH - measuredH).toBeCloseTo(isWrong ? 1 : 0, 1);
  }
});

it.each([
  ['clock-unset', (ts: number | undefined) => ts !== undefined && ts < Date.parse('1971-01-01')],
  ['clock-missing', (ts: number | undefined) => ts === undefined],
])('%s: no believable time', async (kind, isSo) => {
  const { messages } = await play(kind, 4);
  const times = messages.filter(({ device }) => device === 'tank-1-level').map(({ frame }) => frame.ts);
  const wrong = times.filter(isSo);
  expect(wrong.length).toBeGreaterThan(110);
  expect(wrong.length).toBeLessThan(130);
});

it('battery-sag: down to that part of its voltage within its time', async () => {
  const day = await play('battery-sag', 6);
  expect(day.mean('gw-tank-1.battery', 3.2, 4.8)).toBeCloseTo(0.8 * 13.6, 1);
  expect(day.mean('gw-tank-1.battery', 5.2, 6)).toBeGreaterThan(13);
});

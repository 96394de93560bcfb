import { describe, expect, it } from 'vitest';
import type { Water } from '../../../device-sim/water/water.ts';
import { advanceTo, DAY_MS, fault, HOUR_MS, MONDAY, villageWater, waterOf } from './networks.ts';

const CONNECTIONS = 600;

/** m3 that consumers take in each hour of a day. */
function hourly(water: Water, fromMs: number): number[] {
  const hours = new Array<number>(24).fill(0);
  advanceTo(water, fromMs - 1);
  while (water.toMs < fromMs + DAY_MS) {
    water.advance();
    const hour = Math.floor((water.fromMs - fromMs) / HOUR_MS);
    hours[hour] = (hours[hour] ?? 0) + water.balance().consumedM3;
  }
  return hours;
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

async function more(kind: string, sizes: Record<string, number>): Promise<number[]> {
  const [usual, changed] = await Promise.all([villageWater(), villageWater([fault(kind, 'toru', { sizes })])]);
  const before = hourly(usual, MONDAY);
  return hourly(changed, MONDAY).map((m3, hour) => m3 - (before[hour] ?? 0));
}

describe('habits of a village', () => {
  it('water gardens in the morning and in the evening', async () => {
    const hours = await more('irrigation', { litresPerConnectionDay: 100 });
    expect(sum(hours) / (0.1 * CONNECTIONS)).toBeCloseTo(1, 1);
    for (const hour of [6, 19, 20]) expect(hours[hour]).toBeGreaterThan(5);
    for (const hour of [1, 12, 15]) expect(hours[hour]).toBeCloseTo(0, 1);
  });

  it('leave taps running in frost, day and night', async () => {
    const hours = await more('frost-taps', { litresPerConnectionHour: 10 });
    for (const m3 of hours) expect(m3 / (0.01 * CONNECTIONS)).toBeCloseTo(1, 1);
  });

  it('shift to before dawn and after sunset in Ramadan', async () => {
    // The test's clock is UTC; the sun is that of the village: up from 1:40 to 12:00 in November.
    const hours = await more('ramadan', {});
    expect(sum(hours.slice(3, 11))).toBeLessThan(-5);
    expect(sum(hours.slice(13, 16))).toBeGreaterThan(3);
    expect(hours[23]).toBeGreaterThan(1);
  });
});

describe('better and worse days', () => {
  /** So many homes that chance evens out, with the same demand all day. */
  const even = [
    ...['[JUNCTIONS]', ' homes 0 60000', '[RESERVOIRS]', ' lake 50', '[PIPES]', ' p lake homes 10 9000 130'],
    ...['[TIMES]', ' Hydraulic Timestep 0:05', '[OPTIONS]', ' Units CMH', '[END]', ''],
  ].join('\n');

  it('go over into one another, also at midnight of UTC, which is morning in the village', async () => {
    const water = await waterOf({ inp: even });
    const at = (atMs: number): number => {
      advanceTo(water, atMs);
      return water.flowM3h('p');
    };
    const midnights = Array.from({ length: 10 }, (_, day) => MONDAY + (day + 1) * DAY_MS);
    const flows = midnights.map((ms) => ({ before: at(ms - 1), after: at(ms) }));
    for (const { before, after } of flows) expect(Math.abs(after / before - 1)).toBeLessThan(0.005);
    const all = flows.map(({ after }) => after);
    expect(Math.max(...all) / Math.min(...all)).toBeGreaterThan(1.03);
  });
});

describe('intermittent supply', () => {
  it('gives water between its hours only, and more of it when it comes back', async () => {
    const byHours = fault('intermittent-supply', 'up-feed', { sizes: { onHour: 6, offHour: 9 } });
    const [usual, rationed] = await Promise.all([villageWater(), villageWater([byHours])]);
    const volume = (water: Water, fromHour: number, toHour: number): number => {
      advanceTo(water, MONDAY + fromHour * HOUR_MS - 1);
      const before = water.volumeM3('up-feed', water.toMs);
      advanceTo(water, MONDAY + toHour * HOUR_MS - 1);
      return water.volumeM3('up-feed', water.toMs) - before;
    };
    expect(volume(rationed, 0, 6)).toBeCloseTo(0, 6);
    expect(volume(usual, 0, 6)).toBeGreaterThan(10);
    const inHours = [volume(rationed, 6, 9), volume(usual, 6, 9)];
    expect(inHours[0] ?? 0).toBeGreaterThan((inHours[1] ?? 0) * 1.1);
    expect(volume(rationed, 9, 24)).toBeCloseTo(0, 6);
    // A day's water comes in three hours, as far as the tanks hold it.
    expect(volume(rationed, 30, 33)).toBeGreaterThan(volume(usual, 30, 33) * 1.5);
    expect(volume(rationed, 30, 33)).toBeLessThan(260 * 0.5 + 60);
  });
});

import { expect, it } from 'vitest';
import { createTown } from '../../../device-sim/town.ts';
import type { Plant, Site } from '../../../model/plant.ts';
import { sunAltitudeDeg } from '../../../model/sun.ts';
import { DAY_MS, HOUR_MS, NOVEMBER, network, plant } from '../village.ts';

const REPORT_MS = 60_000;
const OFFSET_MS = 5 * 60_000;
const NIGHTS = 20;

it("lights its lamps within one report of the schedule's sun angle and offset, 20 nights long", async () => {
  const site = plant.sites.get('toru') as Site;
  const bySun: Plant = {
    ...plant,
    circuits: plant.circuits.map((circuit) => ({ ...circuit, on: 'sun-4deg+5m', off: 'sun-4deg-5m' })),
  };
  const fromMs = NOVEMBER + 12 * HOUR_MS;
  const town = await createTown({ plant: bySun, network, site: 'toru', seed: 1, fromMs });
  const isLit = new Map<string, boolean>();
  const switched: { ts: number; isOn: boolean }[] = [];
  for (let day = 1; day <= NIGHTS; day++) {
    for (const { device, frame } of town.step(fromMs + day * DAY_MS)) {
      if (!device.startsWith('circuit-') || frame.ts === undefined) continue;
      const isOn = Number(frame.values.active_power) > 100;
      if (isLit.get(device) === !isOn) switched.push({ ts: frame.ts, isOn });
      isLit.set(device, isOn);
    }
  }
  expect(switched.length).toBe(NIGHTS * 2 * plant.circuits.length);
  for (const { ts, isOn } of switched) {
    // The instant that the schedule means lies within the report's minute.
    const atMs = isOn ? ts - OFFSET_MS : ts + OFFSET_MS;
    const [before, after] = [sunAltitudeDeg(site, atMs - REPORT_MS), sunAltitudeDeg(site, atMs + 1000)];
    expect(Math.min(before, after)).toBeLessThanOrEqual(-4);
    expect(Math.max(before, after)).toBeGreaterThanOrEqual(-4);
  }
});

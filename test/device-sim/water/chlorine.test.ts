import { describe, expect, it } from 'vitest';
import { advanceTo, DAY_MS, fault, HOUR_MS, MONDAY, readLTown, villageWater, waterOf } from './networks.ts';

describe('residual chlorine', () => {
  it('is highest where it is added, and less the longer the way', async () => {
    const water = await villageWater();
    advanceTo(water, MONDAY + 5 * DAY_MS);
    const at = (node: string) => water.chlorineMgL(node);
    expect(at('treatment-1')).toBeGreaterThan(0.35);
    expect(at('tank-1')).toBeLessThan(at('treatment-1'));
    expect(at('tank-2')).toBeLessThan(at('tank-1'));
    expect(at('pressure-3')).toBeLessThan(at('tank-2'));
    expect(at('pressure-3')).toBeGreaterThan(0.02);
  });

  it('fades from the treatment on to the last tap when dosing fails, and comes back', async () => {
    const failure = fault('dosing-failure', 'treatment-1', {
      ...{ fromMs: MONDAY + 2 * DAY_MS, toMs: MONDAY + 6 * DAY_MS },
      sizes: { doseMgL: 0 },
    });
    const water = await villageWater([failure]);
    const at = (hours: number, node: string) => {
      advanceTo(water, failure.fromMs + hours * HOUR_MS);
      return water.chlorineMgL(node);
    };
    const before = { tank: at(-1, 'tank-1'), tap: at(-1, 'pressure-3') };
    expect(at(30, 'treatment-1')).toBeLessThan(0.05);
    expect(at(30, 'tank-1')).toBeLessThan(before.tank * 0.8);
    expect(at(90, 'pressure-3')).toBeLessThan(before.tap * 0.6);
    expect(at(4 * 24 + 24, 'treatment-1')).toBeGreaterThan(0.3);
  });

  it('comes with the source where nobody treats the water', async (context) => {
    const water = await waterOf({ inp: readLTown(context) });
    advanceTo(water, MONDAY + 12 * HOUR_MS);
    expect(water.chlorineMgL('R1')).toBe(0.42);
    for (const node of water.network.nodes.keys()) {
      expect(water.chlorineMgL(node)).toBeGreaterThan(0.1);
      expect(water.chlorineMgL(node)).toBeLessThanOrEqual(0.42);
    }
  });
});

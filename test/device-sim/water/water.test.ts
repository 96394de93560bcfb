import { afterEach, describe, expect, it, vi } from 'vitest';
import { createLocalHour } from '../../../device-sim/local-time.ts';
import { createWater } from '../../../device-sim/water/create-water.ts';
import { DAY_MS, HOUR_MS, NOVEMBER, network } from '../village.ts';
import { inSteps, MONDAY, net3, waterOf } from './networks.ts';

const localHour = createLocalHour('Asia/Bishkek');

afterEach(() => vi.restoreAllMocks());

describe('the hydraulics of the village', () => {
  it('goes on from minute to minute, in whole seconds, and begins anew each hour', async () => {
    const water = await createWater({ inp: network, fromMs: NOVEMBER, seed: 1, localHour });
    const ends = new Set<number>();
    while (water.toMs < NOVEMBER + DAY_MS) {
      const before = water.toMs;
      water.advance();
      ends.add(water.toMs);
      expect(water.fromMs).toBe(before);
      expect(water.toMs - before).toBeGreaterThan(0);
      expect(water.toMs - before).toBeLessThanOrEqual(60_000);
      expect(water.toMs % 1000).toBe(0);
    }
    for (let at = NOVEMBER + HOUR_MS; at <= NOVEMBER + DAY_MS; at += HOUR_MS) expect(ends.has(at)).toBe(true);
  });

  it.each([
    [60, 60],
    [300, 300],
    [3600, 300],
  ])('steps as its file says, at most 5 min: %i s', async (fileS, stepS) => {
    const water = await waterOf({ inp: inSteps(net3, fileS) });
    const steps: number[] = [];
    while (water.toMs < MONDAY + HOUR_MS) {
      water.advance();
      steps.push((water.toMs - water.fromMs) / 1000);
    }
    expect(Math.max(...steps)).toBe(stepS);
    expect(steps.length).toBeGreaterThanOrEqual(3600 / stepS);
  });

  it('runs dry with a pump that lifts no water, without a word on the console and without failing', async () => {
    const words = (['warn', 'error', 'log'] as const).map((name) => vi.spyOn(console, name));
    const weak = network.replace(
      / pump-curve +0 +128\n pump-curve +30 +95\n pump-curve +45 +50/,
      ' pump-curve 0 9\n pump-curve 30 5\n pump-curve 45 2',
    );
    expect(weak).not.toBe(network);
    const water = await createWater({ inp: weak, fromMs: NOVEMBER, seed: 1, localHour });
    while (water.toMs < NOVEMBER + 3 * DAY_MS) water.advance();
    expect(water.levelM('tank-1', water.fromMs)).toBeLessThan(0.05);
    expect(water.isOpen('borehole-1')).toBe(true);
    expect(Math.abs(water.flowM3h('borehole-1'))).toBeLessThan(0.01);
    // Pressure-driven: without pressure nobody drinks.
    expect(water.flowM3h('meter-upper')).toBeLessThan(0.1);
    for (const word of words) expect(word).not.toHaveBeenCalled();
  });

  it('lets the borehole sink while the pump draws, and rise again', async () => {
    const water = await createWater({ inp: network, fromMs: NOVEMBER, seed: 1, localHour });
    const drawn = { running: 0, resting: 99 };
    while (water.toMs < NOVEMBER + DAY_MS) {
      water.advance();
      const { drawdownM } = water.pump('borehole-1', water.fromMs);
      if (water.isOpen('borehole-1')) drawn.running = Math.max(drawn.running, drawdownM);
      else drawn.resting = Math.min(drawn.resting, drawdownM);
    }
    expect(drawn.running).toBeGreaterThan(10);
    expect(drawn.running).toBeLessThan(15);
    expect(drawn.resting).toBeLessThan(0.5);
  });

  it('takes what the file says of an element that is new since the snapshot', async () => {
    const before = await createWater({ inp: network, fromMs: NOVEMBER, seed: 1, localHour });
    const { levelM, ...rest } = before.endState();
    const state = { ...rest, levelM: { 'tank-1': levelM['tank-1'] ?? 0 } };
    const after = await createWater({ inp: network, fromMs: NOVEMBER, seed: 1, localHour, state });
    expect(after.endState().levelM['tank-2']).toBeCloseTo(3.2, 6);
  });

  it('counts at a meter what flows forward, and not back again', async () => {
    const water = await waterOf({ inp: net3, isAsWritten: true });
    let forwardM3 = 0;
    let backM3 = 0;
    while (water.toMs < MONDAY + DAY_MS) {
      water.advance();
      const movedM3 = (water.flowM3h('40') * (water.toMs - water.fromMs)) / HOUR_MS;
      if (movedM3 > 0) forwardM3 += movedM3;
      else backM3 -= movedM3;
      expect(water.volumeM3('40', water.toMs)).toBeCloseTo(forwardM3, 6);
    }
    expect(Math.min(forwardM3, backM3)).toBeGreaterThan(100);
  });
});

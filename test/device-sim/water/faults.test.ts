import { describe, expect, it } from 'vitest';
import { createFaultBoard } from '../../../device-sim/faults.ts';
import type { Water } from '../../../device-sim/water/water.ts';
import type { SimFault } from '../../../model/sim-fault.ts';
import { advanceTo, everything, fault, HOUR_MS, MONDAY, net3, villageWater, waterOf } from './networks.ts';

const PUMP = 'borehole-1';

/** The village when its pump has begun to run, and when that was. */
async function whilePumping(of: (fromMs: number) => SimFault[]): Promise<{ water: Water; fromMs: number }> {
  const trial = await villageWater();
  do trial.advance();
  while (!trial.isOpen(PUMP));
  const fromMs = Math.ceil((trial.fromMs + 1) / 60_000) * 60_000 + 600_000;
  return { water: await villageWater(of(fromMs)), fromMs };
}

describe('a pump', () => {
  it.each([
    ['that fails', 'pump-failure', PUMP],
    ['without power of its own', 'power-cut', PUMP],
    ['of a site without power', 'power-cut', 'toru'],
  ])('%s stands still, and runs on by its level when that is over', async (_, kind, target) => {
    const { water, fromMs } = await whilePumping((at) => [fault(kind, target, { fromMs: at, toMs: at + HOUR_MS })]);
    advanceTo(water, fromMs - 1);
    expect(water.isOpen(PUMP)).toBe(true);
    const { runS, starts } = water.pump(PUMP, water.toMs);
    water.advance();
    expect([water.fromMs, water.isSwitched, water.isOpen(PUMP), water.flowM3h(PUMP)]).toEqual([fromMs, true, false, 0]);
    expect(water.pumpKw(PUMP)).toBe(0);
    advanceTo(water, fromMs + HOUR_MS - 1);
    expect(water.isOpen(PUMP)).toBe(false);
    expect(water.pump(PUMP, water.toMs).runS).toBe(runS);
    water.advance();
    expect([water.fromMs, water.isOpen(PUMP)]).toEqual([fromMs + HOUR_MS, true]);
    expect(water.pump(PUMP, water.fromMs).starts).toBe(starts + 1);
  });

  it('that was to stop by the clock while it had failed does not begin again', async () => {
    const failed = { fromMs: MONDAY + 14 * HOUR_MS, toMs: MONDAY + 16 * HOUR_MS };
    const water = await waterOf({ inp: net3, faults: createFaultBoard([fault('pump-failure', '10', failed)]) });
    const isOpen = (hour: number): boolean => {
      advanceTo(water, MONDAY + hour * HOUR_MS);
      return water.isOpen('10');
    };
    expect([13.9, 14.1, 15.5, 16.1, 24.9, 25.1].map(isOpen)).toEqual([true, false, false, false, false, true]);
  });

  it('lifts less where its well falls', async () => {
    const { water, fromMs } = await whilePumping((at) => [
      fault('well-falls', PUMP, { fromMs: at, sizes: { byM: 15 } }),
    ]);
    advanceTo(water, fromMs - 1);
    const before = water.flowM3h(PUMP);
    water.advance();
    expect(water.fromMs).toBe(fromMs);
    expect(before - water.flowM3h(PUMP)).toBeGreaterThan(1);
  });
});

describe('a valve', () => {
  it('that is shut leaves those behind it dry, and open again lets them drink', async () => {
    const shut = fault('valve-closed', 'up-feed', { fromMs: MONDAY + HOUR_MS, toMs: MONDAY + 2 * HOUR_MS });
    const water = await villageWater([shut]);
    advanceTo(water, shut.fromMs);
    expect(water.flowM3h('up-feed')).toBeCloseTo(0, 6);
    expect(water.isOpen('up-feed')).toBe(false);
    expect(water.pressureM('u04')).toBeLessThan(2);
    advanceTo(water, MONDAY + 2 * HOUR_MS);
    expect(water.isOpen('up-feed')).toBe(true);
    expect(water.pressureM('u04')).toBeGreaterThan(20);
  });

  it('that sticks open fills its tank beyond where the control would have shut it', async () => {
    const water = await villageWater([fault('valve-open', 'float-2')]);
    advanceTo(water, MONDAY + 12 * HOUR_MS);
    expect(water.isOpen('float-2')).toBe(true);
    expect(water.levelM('tank-2', water.fromMs)).toBeGreaterThan(3.4);
  });

  it('that reduces pressure reduces it again after it stood open', async () => {
    const faults = createFaultBoard([fault('valve-open', 'prv-1', { fromMs: MONDAY, toMs: MONDAY + HOUR_MS })]);
    const [held, free] = await Promise.all([waterOf({ inp: everything, faults }), waterOf({ inp: everything })]);
    held.advance();
    free.advance();
    expect(held.pressureM('e') - free.pressureM('e')).toBeGreaterThan(3);
    advanceTo(held, MONDAY + HOUR_MS);
    advanceTo(free, MONDAY + HOUR_MS);
    expect(held.pressureM('e')).toBeCloseTo(free.pressureM('e'), 1);
  });
});

describe('a hydrant', () => {
  it('takes what it is opened for, until it is shut', async () => {
    const hydrant = fault('hydrant', 'u-in', {
      fromMs: MONDAY + 600_000,
      toMs: MONDAY + 900_000,
      sizes: { flowM3h: 10 },
    });
    const water = await villageWater([hydrant]);
    advanceTo(water, hydrant.fromMs - 1);
    const before = water.flowM3h('meter-upper');
    water.advance();
    expect(water.flowM3h('meter-upper') - before).toBeGreaterThan(8);
    advanceTo(water, MONDAY + 900_000);
    expect(water.flowM3h('meter-upper')).toBeLessThan(before + 2);
  });
});

describe('a village with faults', () => {
  it('goes on from any full hour as if it had never stopped', async () => {
    const faults = [
      fault('leak', 'up22', { fromMs: MONDAY + 20 * 60_000, sizes: { flowM3h: 4, growsH: 5 } }),
      fault('burst', 'lp24', { fromMs: MONDAY + 2.3 * HOUR_MS, toMs: MONDAY + 4.1 * HOUR_MS, sizes: { flowM3h: 5 } }),
      fault('pump-failure', PUMP, { fromMs: MONDAY + 2.5 * HOUR_MS, toMs: MONDAY + 6.5 * HOUR_MS }),
      fault('intermittent-supply', 'up-feed', { sizes: { onHour: 3, offHour: 5 } }),
      fault('well-falls', PUMP, { fromMs: MONDAY + HOUR_MS, sizes: { byM: 3 } }),
      fault('irrigation', 'toru', { sizes: { litresPerConnectionDay: 300 } }),
      fault('dosing-failure', 'treatment-1', { fromMs: MONDAY + HOUR_MS, sizes: { doseMgL: 0 } }),
    ];
    const through = await villageWater(faults);
    for (const hours of [1, 3, 5]) {
      const stopMs = MONDAY + hours * HOUR_MS;
      advanceTo(through, stopMs - 1);
      const state = JSON.parse(JSON.stringify(through.endState()));
      const resumed = await villageWater(faults, { state, fromMs: stopMs });
      for (let k = 0; k < 70; k++) {
        through.advance();
        resumed.advance();
        const told = ({ fromMs, toMs, isSwitched }: Water) => ({ fromMs, toMs, isSwitched });
        expect(told(resumed)).toEqual(told(through));
        for (const node of through.network.nodes.keys()) expect(resumed.headM(node)).toBe(through.headM(node));
      }
      expect(resumed.endState()).toEqual(through.endState());
    }
  });
});

describe('what is said of a fault that cannot be', () => {
  it.each([
    ['pump-failure', 'borehole-2', 'the network file has no pump "borehole-2"; did you mean "borehole-1"?'],
    ['valve-closed', 'nowhere', 'the network file has no link "nowhere"'],
    ['valve-closed', PUMP, 'borehole-1 is a pump: use pump-failure'],
    ['hydrant', 'up22', 'the network file has no junction "up22"'],
  ])('%s of %s', async (kind, target, sentence) => {
    const water = await villageWater();
    expect(water.check(fault(kind, target))).toBe(sentence);
  });

  it('knows wells and check valves', async () => {
    const water = await waterOf({ inp: everything });
    expect(water.check(fault('well-falls', 'pump-1', { sizes: { byM: 1 } }))).toBeNull();
    expect(water.check(fault('valve-closed', 'p4'))).toBe('p4 has a check valve, which nobody can move');
  });
});

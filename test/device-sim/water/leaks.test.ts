import { describe, expect, it } from 'vitest';
import { createFaultBoard } from '../../../device-sim/faults.ts';
import type { Water } from '../../../device-sim/water/water.ts';
import {
  advanceTo,
  fault,
  HOUR_MS,
  imbalance,
  inSteps,
  MONDAY,
  net3,
  readLTown,
  village,
  villageWater,
  waterOf,
} from './networks.ts';

const MINUTE_MS = 60_000;
const ATM = 9.80665;

/** At every step of an hour: the coefficient that flow and pressure in the pipe's middle show. */
function coefficients(water: Water, leak: { id: string; ends: readonly [string, string] }, untilMs: number): number[] {
  const found: number[] = [];
  while (water.toMs < untilMs) {
    water.advance();
    found.push(water.leakFlowM3h(leak.id) / Math.sqrt(middleM(water, leak.ends)));
  }
  return found;
}

/** Where the halves of the pipe lose about the same, as in a wide one, its middle stands half-way. */
function middleM(water: Water, [from, to]: readonly [string, string]): number {
  return (water.pressureM(from) + water.pressureM(to)) / 2;
}

describe('a leak in a pipe', () => {
  it('flows as an orifice does at the pressure there, at every step', async () => {
    const burst = fault('burst', 'up22', { fromMs: MONDAY + HOUR_MS, sizes: { holeMm: 12 } });
    const water = await villageWater([burst]);
    advanceTo(water, MONDAY + HOUR_MS - 1);
    const expected = 0.75 * (Math.PI / 4) * 0.012 ** 2 * Math.sqrt(2 * ATM) * 3600;
    const found = coefficients(water, { id: burst.id, ends: ['u04', 'u12'] }, MONDAY + 2 * HOUR_MS);
    expect(found.length).toBeGreaterThanOrEqual(60);
    for (const coefficient of found) expect(Math.abs(coefficient / expected - 1)).toBeLessThan(0.01);
  });

  it('flows as much as it was given, but for the pressure that it takes itself', async () => {
    const burst = fault('burst', 'lp24', { fromMs: MONDAY + 3 * HOUR_MS, sizes: { flowM3h: 2 } });
    const [leaking, whole] = await Promise.all([villageWater([burst]), villageWater()]);
    advanceTo(leaking, burst.fromMs);
    advanceTo(whole, burst.fromMs);
    const before = middleM(whole, ['l11', 'l19']);
    const now = middleM(leaking, ['l11', 'l19']);
    expect(leaking.leakFlowM3h(burst.id)).toBeCloseTo(2 * Math.sqrt(now / before), 2);
    expect(leaking.leakFlowM3h(burst.id)).toBeGreaterThan(1.8);
  });

  it('grows evenly in area, and is gone when it is repaired', async () => {
    const sizes = { flowM3h: 3, growsH: 10 };
    const leak = fault('leak', 'up24', { fromMs: MONDAY, toMs: MONDAY + 12 * HOUR_MS, sizes });
    const water = await villageWater([leak]);
    const areaAt = (atMs: number): number => {
      advanceTo(water, atMs);
      return water.leakFlowM3h(leak.id) / Math.sqrt(middleM(water, ['u05', 'u13']));
    };
    advanceTo(water, MONDAY);
    expect(water.leakFlowM3h(leak.id)).toBeLessThan(1e-6);
    const [half, full, later] = [5, 10, 11].map((hour) => areaAt(MONDAY + hour * HOUR_MS));
    expect((half ?? 0) / (full ?? 1)).toBeCloseTo(0.5, 2);
    expect((later ?? 0) / (full ?? 1)).toBeCloseTo(1, 2);
    advanceTo(water, MONDAY + 12 * HOUR_MS);
    const lostM3 = water.leakVolumeM3(leak.id, water.fromMs);
    expect(water.leakFlowM3h(leak.id)).toBe(0);
    expect(lostM3).toBeGreaterThan(15);
    advanceTo(water, MONDAY + 14 * HOUR_MS);
    expect(water.leakVolumeM3(leak.id, water.fromMs)).toBe(lostM3);
  });

  it('shows on the meter of its own pipe what flows in', async () => {
    const burst = fault('burst', 'meter-upper', { fromMs: MONDAY + 10 * MINUTE_MS, sizes: { flowM3h: 12 } });
    const water = await villageWater([burst]);
    advanceTo(water, burst.fromMs - 1);
    const before = water.flowM3h('meter-upper');
    const counted = water.volumeM3('meter-upper', water.toMs);
    water.advance();
    expect(water.fromMs).toBe(burst.fromMs);
    expect(water.flowM3h('meter-upper') - before).toBeGreaterThan(10);
    expect(water.flowM3h('meter-upper') - water.flowM3h('up-feed')).toBeCloseTo(water.leakFlowM3h(burst.id), 1);
    expect(water.volumeM3('meter-upper', water.fromMs)).toBe(counted);
  });

  it('shares its pipe with another', async () => {
    const [first, second] = [2, 1].map((flowM3h, i) => fault('burst', 'lp23', { id: `b${i}`, sizes: { flowM3h } }));
    if (!first || !second) throw new Error('two bursts');
    const water = await villageWater([first, second]);
    water.advance();
    expect(water.leakFlowM3h('b0') / water.leakFlowM3h('b1')).toBeCloseTo(2, 6);
  });

  it('leaves the balance closed', async () => {
    const faults = createFaultBoard([
      fault('burst', 'up22', { sizes: { flowM3h: 6 } }),
      fault('leak', 'lp10', { sizes: { flowM3h: 2 } }),
    ]);
    const water = await waterOf({ inp: village, faults });
    while (water.toMs < MONDAY + 24 * HOUR_MS) {
      water.advance();
      expect(imbalance(water)).toBeLessThan(0.001);
    }
    expect(water.balance().leakedM3).toBeGreaterThan(0);
  });

  it.for([
    ['Net3', () => inSteps(net3, 60), '121'],
    ['L-Town', readLTown, 'p31'],
  ] as const)('may begin at any second, in a network of any size and units: %s', async ([, read, pipe], context) => {
    const beginMs = MONDAY + 20 * MINUTE_MS + 17_250;
    const burst = fault('burst', pipe, { fromMs: beginMs, sizes: { flowM3h: 20 } });
    const water = await waterOf({ inp: read(context), faults: createFaultBoard([burst]) });
    advanceTo(water, beginMs);
    expect(water.toMs - beginMs).toBe(750);
    water.advance();
    expect(water.leakFlowM3h(burst.id)).toBeGreaterThan(15);
    expect(imbalance(water)).toBeLessThan(0.001);
  });
});

const burstOf = (flowM3h: number, hours = Number.POSITIVE_INFINITY) =>
  fault('burst', 'up22', {
    toMs: hours < Number.POSITIVE_INFINITY ? MONDAY + hours * HOUR_MS : null,
    sizes: { flowM3h },
  });

describe('what is said of a leak that cannot be', () => {
  it('names what can reach that place', async () => {
    const water = await villageWater();
    const sentence = water.check(burstOf(900));
    expect(sentence).toMatch(
      /^900 m3\/h is more than can flow there: at most \d+(\.\d+)? m3\/h reach up22, from full tanks$/,
    );
    const most = Number(/at most ([\d.]+)/.exec(sentence ?? '')?.[1]);
    expect(most).toBeGreaterThan(30);
    expect(most).toBeLessThan(300);
    expect(water.check(burstOf(most * 0.9, 1))).toBeNull();
    expect(water.check(fault('hydrant', 'u04', { sizes: { flowM3h: 900 } }))).toMatch(/at most/);
  });

  it('knows what the pump can bring, and how long the tanks give the rest', async () => {
    const water = await villageWater();
    const sentence = water.check(burstOf(75));
    expect(sentence).toMatch(
      /^75 m3\/h is more than the sources bring there for good: .* let it end by then, or say holeMm$/,
    );
    const [forGood, lastsH] = [/good: ([\d.]+)/, /last ([\d.]+) h/].map((at) => Number(at.exec(sentence ?? '')?.[1]));
    // The pump's curve ends at 45 m3/h; the tanks hold 600 m3.
    expect(forGood).toBeGreaterThan(25);
    expect(forGood).toBeLessThan(45);
    expect(lastsH).toBeCloseTo(600 / (75 - (forGood ?? 0)), 0);
    expect(water.check(burstOf(75, (lastsH ?? 0) * 0.95))).toBeNull();
    expect(water.check(burstOf(75, (lastsH ?? 0) * 1.05))).toBe(sentence);
    expect(water.check(burstOf((forGood ?? 0) * 0.95))).toBeNull();
    expect(
      water.check(fault('leak', 'up22', { toMs: MONDAY + 24 * HOUR_MS, sizes: { flowM3h: 75, growsH: 20 } })),
    ).toBeNull();
  });

  it('takes tanks as the source where there is no other', async () => {
    const tanksOnly =
      '[JUNCTIONS]\n a 3 1\n[TANKS]\n t 40 2 0 3 9\n[PIPES]\n p t a 10 100 100\n[OPTIONS]\n Units CMH\n[END]\n';
    const water = await waterOf({ inp: tanksOnly });
    expect(water.check(fault('burst', 'p', { sizes: { flowM3h: 5 } }))).toBeNull();
  });

  it('names the pipe that was meant', async () => {
    const water = await villageWater();
    expect(water.check(fault('burst', 'up222', { sizes: { flowM3h: 1 } }))).toBe(
      'the network file has no pipe "up222"; did you mean "up22"?',
    );
    expect(water.check(fault('leak', 'borehole-1', { sizes: { flowM3h: 1 } }))).toMatch(
      /^the network file has no pipe/,
    );
  });

  it('knows how wide the pipe is', async () => {
    const water = await villageWater();
    expect(water.check(fault('burst', 'up20', { sizes: { holeMm: 60 } }))).toMatch(/55\.4 mm wide/);
    expect(water.check(fault('burst', 'up20', { sizes: { holeMm: 50 } }))).toBeNull();
  });

  it('is the same while the village runs', async () => {
    const water = await villageWater();
    const burst = fault('burst', 'up22', { sizes: { flowM3h: 900 } });
    const before = water.check(burst);
    advanceTo(water, MONDAY + 30 * HOUR_MS);
    expect(water.check(burst)).toBe(before);
  });
});

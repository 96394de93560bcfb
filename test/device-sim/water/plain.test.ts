import { describe, expect, it } from 'vitest';
import {
  advanceTo,
  compare,
  DAY_MS,
  everything,
  HOUR_MS,
  imbalance,
  inSteps,
  MONDAY,
  net3,
  plainRun,
  readLTown,
  village,
  waterOf,
} from './networks.ts';

const HOURS = 24;

describe('the hydraulics of a file as it is written', () => {
  it('are those of a plain EPANET run of the village', async () => {
    const plain = await plainRun(village, HOURS);
    const worst = compare(await waterOf({ inp: village, isAsWritten: true }), plain);
    expect(worst.times).toBeGreaterThan(1300);
    expect(worst.headM).toBeLessThan(0.0005);
    expect(worst.flowM3h).toBeLessThan(0.005);
  });

  // A file that asks for little accuracy is solved better here than by itself: the rest is its own.
  it.each([60, 3600])('are those of a plain EPANET run of Net3, with steps of %i s', async (stepS) => {
    const inp = inSteps(net3, stepS);
    const plain = await plainRun(inp, HOURS);
    const worst = compare(await waterOf({ inp, isAsWritten: true }), plain);
    expect(worst.times).toBeGreaterThan(stepS === 60 ? 1300 : 23);
    expect(worst.headM).toBeLessThan(0.001);
    expect(worst.flowM3h).toBeLessThan(0.5);
  });

  it.for([
    ['as it is', (inp: string) => inp, { headM: 0.01, flowM3h: 2 }],
    ['solved as finely', finely, { headM: 0.0001, flowM3h: 0.01 }],
  ] as const)('are those of a plain EPANET run of L-Town, %s', async ([, edit, least], context) => {
    const inp = edit(readLTown(context));
    const plain = await plainRun(inp, HOURS);
    const worst = compare(await waterOf({ inp, isAsWritten: true }), plain);
    expect(worst.times).toBeGreaterThan(280);
    expect(worst.headM).toBeLessThan(least.headM);
    expect(worst.flowM3h).toBeLessThan(least.flowM3h);
  });

  it('are those of a plain EPANET run where valves, clocks, rules and patterns go on over the restarts', async () => {
    const inp = inSteps(everything, 60);
    const plain = await plainRun(inp, HOURS);
    const worst = compare(await waterOf({ inp, isAsWritten: true }), plain);
    expect(worst.times).toBeGreaterThan(1200);
    expect(worst.headM).toBeLessThan(0.001);
    expect(worst.flowM3h).toBeLessThan(0.01);
  });

  it('switch by clock, time and rules every day again', async () => {
    const water = await waterOf({ inp: inSteps(everything, 60), isAsWritten: true });
    for (const day of [0, 1, 8]) {
      const open = (hour: number, link: string) => {
        advanceTo(water, MONDAY + day * DAY_MS + hour * HOUR_MS);
        return water.isOpen(link);
      };
      expect([open(13.9, 'tcv-1'), open(14.1, 'tcv-1'), open(17.2, 'tcv-1'), open(17.3, 'tcv-1')]).toEqual([
        ...[false, true, true, false],
      ]);
      expect([open(17.9, 'p7'), open(18.1, 'p7'), open(21.9, 'p7'), open(22.1, 'p7')]).toEqual([
        ...[false, true, true, false],
      ]);
      expect(water.flowM3h('fcv-1')).toBeCloseTo(0.6 * 3.6, 2);
    }
  });

  it('switch by time in rounds of as many weeks as the file lasts', async () => {
    const long = everything
      .replace('Duration            24:00', 'Duration 400:00')
      .replace('AT TIME 9:30', 'AT TIME 200');
    const water = await waterOf({ inp: long, isAsWritten: true });
    // From hour 3 to hour 200 of a round the pressure behind the valve is lower, by 10 kPa.
    const isLow = Array.from({ length: 2 * 21 }, (_, day) => {
      advanceTo(water, MONDAY + (day * 24 + 12.5) * HOUR_MS);
      return water.pressureM('e') < 4.3;
    });
    expect(isLow.slice(1, 21)).toEqual(isLow.slice(22));
    expect(isLow.slice(21).filter((low) => low)).toHaveLength(8);
  });

  it('are pressure-driven in a village, also where the file is not, and hardly others where pressure is high', async (context) => {
    const lTown = readLTown(context);
    const pressureDriven = finely(lTown).replace(
      /^\[OPTIONS\]/m,
      '[OPTIONS]\n Demand Model PDA\n Required Pressure 10',
    );
    const [asIs, driven] = await Promise.all(
      [lTown, pressureDriven].map((inp) => waterOf({ inp: finely(inp), isAsWritten: true })),
    );
    asIs?.advance();
    driven?.advance();
    for (const id of asIs?.network.nodes.keys() ?? []) {
      expect(Math.abs((asIs?.headM(id) ?? 0) - (driven?.headM(id) ?? 1))).toBeLessThan(0.05);
    }
  });
});

describe('the balance of every step', () => {
  it.for([
    ['the village', () => village],
    ['Net3', () => inSteps(net3, 60)],
    ['one of everything', () => inSteps(everything, 60)],
    ['L-Town', readLTown],
  ] as const)('closes in %s', async ([, read], context) => {
    const water = await waterOf({ inp: read(context) });
    while (water.toMs < MONDAY + HOURS * HOUR_MS) {
      water.advance();
      expect(imbalance(water)).toBeLessThan(0.001);
    }
  });
});

function finely(inp: string): string {
  return inp.replace(/^ *Accuracy .*$/im, ' Accuracy 0.000001');
}

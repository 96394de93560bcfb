import { describe, expect, it } from 'vitest';
import { type Engine, LINK, loadEngine } from '../../../device-sim/water/epanet.ts';
import type { Water } from '../../../device-sim/water/water.ts';
import type { SimFault } from '../../../model/sim-fault.ts';
import { advanceTo, fault, HOUR_MS, imbalance, inSteps, MONDAY, net3, villageWater, waterOf } from './networks.ts';

/** Of each of the village's tanks. */
const AREA_M2 = (Math.PI / 4) * 9.7721 ** 2;

/** From a spring along a thin pipe into a tank 5 m wide and 3 m high, and from there to one tap. */
const small = ({ levelM = 0.2, wantedM3h = 20, overflow = 'NO', thinMm = 40 }): string =>
  [
    ...['[JUNCTIONS]', ` tap 3 ${wantedM3h}`, ' rise 20 0', '[RESERVOIRS]', ' spring 30'],
    ...['[TANKS]', ` tank 20 ${levelM} 0 3 5 0 * ${overflow}`, '[PIPES]', ` thin spring rise 500 ${thinMm} 130`],
    ...[' in rise tank 10 100 130', ' out tank tap 100 100 130', '[OPTIONS]', ' Units CMH', ' Headloss H-W'],
    ...[
      ' Demand Model PDA',
      ' Required Pressure 10',
      '[TIMES]',
      ' Hydraulic Timestep 0:01',
      ' Duration 24:00',
      '[END]',
      '',
    ],
  ].join('\n');

const during = (kind: string, target: string, hours: readonly [number, number], sizes: SimFault['sizes'] = {}) =>
  fault(kind, target, { fromMs: MONDAY + hours[0] * HOUR_MS, toMs: MONDAY + hours[1] * HOUR_MS, sizes });

interface Books {
  readonly inM3: number;
  readonly outM3: number;
  readonly worst: number;
  readonly levels: { readonly least: number; readonly most: number; readonly last: number };
}

/** Goes on to a time; what is in the tanks is found from the levels that it tells, not from its own balance. */
function bookkeep(water: Water, hours: number): Books {
  const heldM3 = (atMs: number) =>
    water.network.tanks.reduce((sum, tank) => sum + AREA_M2 * water.levelM(tank, atMs), 0);
  let [inM3, outM3, worst, least, most] = [0, 0, 0, 9, 0];
  while (water.toMs < MONDAY + hours * HOUR_MS) {
    water.advance();
    const { suppliedM3, consumedM3, leakedM3 } = water.balance();
    const fallenM3 = heldM3(water.fromMs) - heldM3(water.toMs);
    inM3 += suppliedM3 + fallenM3;
    outM3 += consumedM3 + leakedM3;
    const throughM3 = Math.max(suppliedM3, suppliedM3 + fallenM3, 0.1);
    worst = Math.max(worst, Math.abs(suppliedM3 + fallenM3 - consumedM3 - leakedM3) / throughM3);
    const levels = water.network.tanks.map((tank) => water.levelM(tank, water.toMs));
    [least, most] = [Math.min(least, ...levels), Math.max(most, ...levels)];
  }
  return { inM3, outM3, worst, levels: { least, most, last: water.levelM('tank-2', water.toMs) } };
}

describe('water is not lost, nor does it come from nowhere', () => {
  it('where tanks run empty and are filled again', async () => {
    const faults = [during('pump-failure', 'borehole-1', [0, 20]), during('burst', 'lp10', [0, 20], { flowM3h: 50 })];
    const { inM3, outM3, worst, levels } = bookkeep(await villageWater(faults), 32);
    expect(levels.least).toBeGreaterThanOrEqual(0);
    expect(levels.least).toBeLessThan(0.001);
    expect(levels.last).toBeGreaterThan(0.1);
    expect(inM3).toBeGreaterThan(500);
    expect(Math.abs(outM3 / inM3 - 1)).toBeLessThan(0.0001);
    expect(worst).toBeLessThan(0.001);
  });

  it('where tanks run over', async () => {
    const water = await villageWater([during('valve-open', 'float-2', [0, 24])]);
    const { inM3, outM3, worst, levels } = bookkeep(water, 24);
    expect(levels.most).toBeCloseTo(4, 9);
    expect(Math.abs(outM3 / inM3 - 1)).toBeLessThan(0.0001);
    expect(worst).toBeLessThan(0.001);
  });
});

describe('a tank that is empty', () => {
  it('lets through what comes in and no more, whatever is wanted, and fills when less is wanted', async () => {
    const water = await waterOf({ inp: small({}), isAsWritten: true });
    advanceTo(water, MONDAY + 15 * 60_000);
    expect(water.flowM3h('out')).toBeLessThan(10);
    for (let k = 0; k < 120; k++) {
      water.advance();
      expect(water.flowM3h('out') / water.flowM3h('in')).toBeCloseTo(1, 4);
      expect(water.levelM('tank', water.toMs)).toBeLessThan(0.001);
      expect(water.toMs - water.fromMs).toBe(60_000);
      expect(imbalance(water)).toBeLessThan(0.001);
    }
    const modest = await waterOf({ inp: small({ levelM: 0, wantedM3h: 1 }), isAsWritten: true });
    advanceTo(modest, MONDAY + HOUR_MS);
    expect(modest.flowM3h('out')).toBeCloseTo(1, 3);
    expect(modest.levelM('tank', modest.toMs)).toBeGreaterThan(0.1);
  });
});

describe('a tank that is full', () => {
  const full = { levelM: 2.9, wantedM3h: 1, thinMm: 80 };

  it('runs over where it has an overflow, and that is lost', async () => {
    const water = await waterOf({ inp: small({ ...full, overflow: 'YES' }), isAsWritten: true });
    advanceTo(water, MONDAY + HOUR_MS);
    expect(water.levelM('tank', water.toMs)).toBeCloseTo(3, 9);
    expect(water.flowM3h('in')).toBeGreaterThan(5);
    const perHour = HOUR_MS / (water.toMs - water.fromMs);
    expect(water.balance().leakedM3 * perHour).toBeCloseTo(water.flowM3h('in') - water.flowM3h('out'), 3);
    expect(imbalance(water)).toBeLessThan(0.001);
  });

  it('takes no more where it has none', async () => {
    const water = await waterOf({ inp: small(full), isAsWritten: true });
    advanceTo(water, MONDAY + HOUR_MS);
    for (let k = 0; k < 60; k++) {
      water.advance();
      expect(water.levelM('tank', water.toMs)).toBeGreaterThan(2.99);
      expect(water.levelM('tank', water.toMs)).toBeLessThanOrEqual(3);
      expect(water.flowM3h('in')).toBeCloseTo(1, 3);
      expect(water.balance().leakedM3).toBeCloseTo(0, 6);
    }
  });
});

describe('the balance', () => {
  it('has nothing lost in a network that is sound', async () => {
    const water = await waterOf({ inp: inSteps(net3, 300) });
    while (water.toMs < MONDAY + 24 * HOUR_MS) {
      water.advance();
      expect(Math.abs(water.balance().leakedM3)).toBeLessThan(1e-6);
    }
  });

  it('does not close where a tank takes in less than flows to it', async () => {
    const water = await waterOf({ inp: small({ levelM: 1, wantedM3h: 1 }), engine: await lying(), isAsWritten: true });
    water.advance();
    expect(imbalance(water)).toBeGreaterThan(0.03);
  });
});

/** EPANET that tells of a tenth less flow wherever it is asked for that of one link. */
async function lying(): Promise<Engine> {
  const engine = await loadEngine();
  return {
    createProject() {
      const project = engine.createProject();
      return {
        ...project,
        open(inp) {
          const toolkit = project.open(inp);
          const value = toolkit.getLinkValue.bind(toolkit);
          toolkit.getLinkValue = (index, what) => value(index, what) * (what === LINK.flow ? 0.9 : 1);
          return toolkit;
        },
      };
    },
  };
}

describe('an outlet that was held while its tank ran empty', () => {
  /** Restarts from its snapshot at each of these hours. */
  /** Restarts from its snapshot at each of these hours; tank-2 is low at first. */
  async function liveTo(faults: readonly SimFault[], hours: number, restarts: readonly number[]): Promise<Water> {
    let water = await villageWater(faults, { state: { levelM: { 'tank-2': 0.6 } } });
    for (const hour of restarts) {
      const fromMs = MONDAY + hour * HOUR_MS;
      advanceTo(water, fromMs - 1);
      water = await villageWater(faults, { fromMs, state: JSON.parse(JSON.stringify(water.endState())) });
    }
    advanceTo(water, MONDAY + hours * HOUR_MS);
    return water;
  }

  it.each([
    ['without a restart', []],
    ['over restarts while it is held, while the tank is empty, and later', [1, 6, 16]],
  ])('feeds its zone again when there is water, %s', async (_, restarts) => {
    const faults = [
      during('valve-closed', 'meter-lower', [0.5, 2]),
      during('valve-closed', 'float-2', [0, 12]),
      during('burst', 'lp10', [0, 12], { flowM3h: 45 }),
    ];
    const water = await liveTo(faults, 20, restarts);
    expect(water.levelM('tank-2', water.toMs)).toBeGreaterThan(0.5);
    expect(water.isOpen('meter-lower')).toBe(true);
    expect(water.flowM3h('meter-lower')).toBeGreaterThan(4);
  });

  it('is open in the hours of supply of the next day, also over a restart', async () => {
    const faults = [
      during('intermittent-supply', 'meter-lower', [0, 72], { onHour: 6, offHour: 9 }),
      during('valve-closed', 'float-2', [0, 9]),
      during('burst', 'lp10', [0, 9], { flowM3h: 60 }),
    ];
    const water = await liveTo(faults, 31, [8]);
    expect(water.levelM('tank-2', water.toMs)).toBeGreaterThan(0.5);
    expect(water.flowM3h('meter-lower')).toBeGreaterThan(5);
  });

  it('is open in a village that an older version had saved as shut', async () => {
    const before = await villageWater();
    const saved = before.endState();
    const state = { ...saved, links: { ...saved.links, 'meter-lower': { status: 0, setting: 0 } } };
    const water = await villageWater([], { state });
    advanceTo(water, MONDAY + 2 * HOUR_MS);
    expect(water.flowM3h('meter-lower')).toBeGreaterThan(1);
  });
});

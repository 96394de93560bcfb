/** The village with faults as a whole: what it takes, what it remembers, what it tells of the truth. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SimulatedFaultError } from '../../device-sim/faults.ts';
import type { Town, TownMessage } from '../../device-sim/town.ts';
import type { SimFault } from '../../model/sim-fault.ts';
import { FAULT_KINDS } from '../../model/sim-fault-catalogue.ts';
import { encodeBacklog } from '../../model/telemetry.ts';
import { asLines, asWhole, fault, HOUR_MS, NOVEMBER, newTown, plant } from './village.ts';

const MINUTE_MS = 60_000;
const END = NOVEMBER + 6 * HOUR_MS;
const KINDS = [...FAULT_KINDS.values()].filter(({ domain }) => domain !== 'modbus');

interface Drawn {
  readonly kind: number;
  readonly target: number;
  readonly metric: number;
  readonly fromMs: number;
  readonly lastsMs: number | null;
}

const drawn = fc.record<Drawn>({
  kind: fc.nat({ max: KINDS.length - 1 }),
  target: fc.nat(),
  metric: fc.nat(),
  fromMs: fc.nat({ max: 5 * HOUR_MS }),
  lastsMs: fc.option(fc.integer({ min: 1, max: 4 * HOUR_MS })),
});

/** Null where this village cannot have it. */
function toFault(town: Town, id: string, { kind, target, metric, fromMs, lastsMs }: Drawn): SimFault | null {
  const known = KINDS[kind] ?? expect.fail('no such kind');
  const targets = known.targets.flatMap((each) => town.targets()[each]);
  const chosen = targets[target % targets.length] ?? '';
  const metrics = [...(plant.devices.get(chosen)?.metrics.keys() ?? [])];
  const leak = known.sizes.some(({ oneOf }) => oneOf) ? { holeMm: 15 } : {};
  const beginMs = NOVEMBER + 1 + fromMs;
  const result = fault(known.kind, chosen, {
    ...{ id, fromMs: beginMs, toMs: lastsMs === null ? null : beginMs + lastsMs, ...leak },
    ...(known.metric === undefined ? {} : { metric: metrics[metric % metrics.length] ?? '' }),
  });
  try {
    town.checked(result);
    return result;
  } catch (error) {
    if (error instanceof SimulatedFaultError) return null;
    throw error;
  }
}

describe('a village with faults', () => {
  it('goes on from a snapshot as if it had never stopped, whatever is wrong and whenever it stops', async () => {
    const judge = await newTown();
    const moment = fc.nat({ max: END - NOVEMBER - 1 });
    const property = fc.asyncProperty(
      fc.array(drawn, { minLength: 1, maxLength: 5 }),
      drawn,
      moment,
      moment,
      async (many, late, a, b) => {
        const faults = many.map((each, i) => toFault(judge, `f${i}`, each)).filter((each) => each !== null);
        const [putMs, stopMs] = [NOVEMBER + Math.min(a, b), NOVEMBER + Math.max(a, b)];
        const through = await newTown({ faults });
        through.step(putMs);
        const fresh = toFault(judge, 'late', late);
        if (fresh) through.put({ ...fresh, fromMs: putMs, toMs: fresh.toMs && fresh.toMs + putMs - NOVEMBER });
        const acting = faults.find(({ fromMs, toMs }) => fromMs <= putMs && toMs === null);
        if (acting) through.put({ ...acting, toMs: putMs });
        through.step(stopMs);
        const saved = JSON.parse(JSON.stringify({ snapshot: through.snapshot(), faults: through.faults() }));
        const resumed = await newTown({ ...saved, fromMs: stopMs });
        expect(asWhole(resumed.step(END))).toEqual(asWhole(through.step(END)));
        expect(resumed.truth()).toEqual(through.truth());
      },
    );
    await fc.assert(property, { numRuns: 14, seed: 5 });
  }, 120_000);

  it('says thinned only what it says unthinned too', async () => {
    const faults = [
      fault('stuck', 'pressure-1'),
      fault('counter-reset', 'meter-upper', { fromMs: NOVEMBER + HOUR_MS + 31_000 }),
      fault('link-down', 'gw-tank-1', { toMs: NOVEMBER + 3 * HOUR_MS }),
      fault('link-reorders', 'gw-borehole'),
      fault('link-duplicates', 'gw-tank-2'),
      fault('power-cut', 'cab-1', { toMs: NOVEMBER + 2 * HOUR_MS }),
      fault('burst', 'up04', { flowM3h: 8 }),
    ];
    const [full, thin] = await Promise.all([newTown({ faults }), newTown({ faults })]);
    const told = (message: TownMessage): string => `${message.atMs} ${asLines([message])[0]}`;
    const all = new Set(full.step(END).map(told));
    const few = thin.step(END, 300).map(told);
    expect(few.length).toBeGreaterThan(40 * 60);
    expect(few.filter((line) => !all.has(line))).toEqual([]);
  });

  it('is byte for byte the same with the same seed and faults, and another with another seed', async () => {
    const faults = [
      fault('noise', 'pressure-1', { metric: 'pressure', deviation: 1 }),
      fault('link-lossy', 'pressure-2'),
    ];
    const bytes = async (seed: number): Promise<string> => {
      const town = await newTown({ seed, faults });
      const frames = town.step(NOVEMBER + 3 * HOUR_MS).map(({ frame }) => frame);
      return Buffer.concat(encodeBacklog(frames)).toString();
    };
    const [one, same, other] = await Promise.all([bytes(1), bytes(1), bytes(2)]);
    expect(same).toBe(one);
    expect(other).not.toBe(one);
  });

  it('lists what a fault may befall', async () => {
    const targets = (await newTown()).targets();
    for (const { targets: wanted } of FAULT_KINDS.values()) {
      for (const target of wanted) expect(targets[target].length, target).toBeGreaterThan(0);
    }
    expect(targets).toMatchObject({ site: ['toru'], treatment: ['treatment-1'], pump: ['borehole-1'] });
    expect(targets.device.length).toBe(40);
  });
});

describe('a fault that is put', () => {
  const nowMs = NOVEMBER + HOUR_MS + 30_500;

  async function villageAtNow(faults: readonly SimFault[] = []): Promise<Town> {
    const town = await newTown({ faults });
    town.skip(nowMs);
    return town;
  }

  it('begins with the next instant, and one of water with the next step', async () => {
    const town = await villageAtNow();
    expect(town.put(fault('silent', 'pressure-1', { fromMs: nowMs })).fromMs).toBe(nowMs + 1);
    expect(town.put(fault('burst', 'up04', { flowM3h: 5, fromMs: nowMs })).fromMs).toBe(NOVEMBER + HOUR_MS + MINUTE_MS);
    expect(town.faults().length).toBe(2);
  });

  it('can be ended, and not changed otherwise once it has begun', async () => {
    const open = fault('offset', 'pressure-1', { metric: 'pressure', by: 2 });
    const town = await villageAtNow([open]);
    expect(() => town.put({ ...open, sizes: { by: 3 } })).toThrow('"offset" has begun: only its end can be changed');
    expect(town.put({ ...open, toMs: nowMs }).toMs).toBe(nowMs + 1);
    town.skip(nowMs + MINUTE_MS);
    expect(() => town.put({ ...open, toMs: null })).toThrow('"offset" is over');
  });

  it('can be changed or taken back before it begins', async () => {
    const later = fault('offset', 'pressure-1', { metric: 'pressure', by: 2, fromMs: nowMs + HOUR_MS });
    const town = await villageAtNow([later]);
    expect(town.put({ ...later, sizes: { by: 3 } }).sizes.by).toBe(3);
    town.put({ ...later, toMs: later.fromMs });
    town.skip(nowMs + 2 * HOUR_MS);
    expect(town.truth()).toEqual([]);
  });

  it.each<[string, Partial<SimFault>, string]>([
    ['the past', { fromMs: nowMs - 1 }, 'it would begin in the past of the village (2026-11-01T19:00:30.500Z)'],
    ['an end before the beginning', { fromMs: nowMs + 9, toMs: nowMs + 8 }, 'it would end before it begins'],
    ['an unknown kind', { kind: 'flood' }, 'no such fault: "flood"'],
    [
      'an unknown device',
      { target: 'pressure-11' },
      'no device "pressure-11" in this village; did you mean pressure-1?',
    ],
    ['an unknown metric', { metric: 'presure' }, 'pressure-1 reports no "presure"; did you mean pressure?'],
    ['a metric that is no number', { target: 'gw-tank-1', metric: 'mains_ok' }, '"mains_ok" is yes or no'],
    ['a counter that is none', { kind: 'counter-reset', metric: 'pressure' }, '"pressure" is no counter'],
    ['a device that counts nothing', { kind: 'counter-reset', metric: null }, 'pressure-1 has no counter'],
    ['a device without a battery', { kind: 'battery-sag', metric: null }, 'pressure-1 reports no battery'],
    ['an unknown pipe', { kind: 'burst', target: 'up4', metric: null }, 'did you mean "up04"?'],
    ['an unknown circuit', { kind: 'breaker-tripped', target: 'c13', metric: null }, 'no circuit "c13"'],
    [
      'more than the source',
      { kind: 'burst', target: 'up04', metric: null, sizes: { flowM3h: 900 } },
      '900 m3/h is more than',
    ],
  ])('is refused: %s', async (_, wrong, sentence) => {
    const town = await villageAtNow();
    const put = (): SimFault =>
      town.put({ ...fault('offset', 'pressure-1', { metric: 'pressure', fromMs: nowMs }), ...wrong });
    expect(put).toThrow(sentence);
    expect(put).toThrow(expect.objectContaining({ code: 'bad-fault' }));
    expect(town.faults()).toEqual([]);
  });

  it('is refused from the beginning too, by its name', async () => {
    const broken = fault('burst', 'up4', { flowM3h: 5 });
    await expect(newTown({ faults: [broken] })).rejects.toMatchObject({ code: 'bad-fault', fault: broken });
    const early = fault('silent', 'pressure-1', { fromMs: NOVEMBER - 1 });
    await expect(newTown({ faults: [early] })).rejects.toThrow('it would begin before the village');
  });
});

describe('the truth', () => {
  it('has a line for each fault that has begun, and what a leak lost', async () => {
    const burst = fault('burst', 'up04', { flowM3h: 6, toMs: NOVEMBER + 3 * HOUR_MS });
    const later = fault('silent', 'pressure-1', { fromMs: NOVEMBER + 5 * HOUR_MS });
    const town = await newTown({ faults: [burst, later] });
    town.skip(NOVEMBER + 2 * HOUR_MS);
    const [now, ...others] = town.truth();
    expect(others).toEqual([]);
    expect(now).toMatchObject({
      id: 'burst',
      kind: 'burst',
      target: 'up04',
      site: 'toru',
      to: null,
      sizes: { flowM3h: 6 },
    });
    expect(now?.from).toBe('2026-11-01T19:00:00.000Z');
    expect(now?.flowM3h).toBeCloseTo(6, 0);
    expect(now?.volumeM3).toBeCloseTo(6, 0);
    town.skip(END);
    const [over] = town.truth();
    expect(over?.to).toBe('2026-11-01T21:00:00.000Z');
    expect(over?.volumeM3).toBeCloseTo(2 * (over?.flowM3h ?? 0), 2);
    expect(over?.peakM3h).toBeGreaterThanOrEqual(over?.flowM3h ?? 0);
    expect(town.truth().length).toBe(2);
  });

  it('is told once when a fault begins and once when it ends, the same after a restart', async () => {
    const faults = [
      fault('leak', 'lp10', { flowM3h: 3, growsH: 1, toMs: NOVEMBER + 4 * HOUR_MS }),
      fault('drift', 'pressure-1', { metric: 'pressure', perDay: 1, fromMs: NOVEMBER + 2 * HOUR_MS }),
    ];
    const through = await newTown({ faults });
    through.skip(NOVEMBER + 3 * HOUR_MS);
    const snapshot = through.snapshot();
    expect(through.takeTruth().map(({ line }) => [line.id, line.to])).toEqual([
      ['leak', null],
      ['drift', null],
    ]);
    expect(through.takeTruth()).toEqual([]);
    through.skip(END);
    const told = through.takeTruth();
    expect(told.map(({ atMs, line }) => [line.id, line.to, atMs])).toEqual([
      ['leak', '2026-11-01T22:00:00.000Z', NOVEMBER + 4 * HOUR_MS],
    ]);
    const resumed = await newTown({ faults, snapshot, fromMs: NOVEMBER + 3 * HOUR_MS });
    resumed.skip(END);
    expect(resumed.takeTruth()).toEqual(told);
  });
});

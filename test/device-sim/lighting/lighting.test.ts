import { describe, expect, it } from 'vitest';
import { nextSunAltitude, nextSunEvent } from '../../../model/sun.ts';
import { circuit, DAY_MS, fault, HOUR_MS, local, MINUTE_MS, site, street, total } from './street.ts';

const EVENING = local(20);
const NOON = local(12);
const SUNSET = nextSunEvent(site, 'sunset', NOON) ?? 0;
const SUNRISE = nextSunEvent(site, 'sunrise', EVENING) ?? 0;

/** When a circuit goes on or off, between two times. */
function edges(id: string, fromMs: number, toMs: number): number[] {
  const { lighting } = street();
  const isOn = (at: number) => lighting.isContactorOn(circuit(id), at);
  return lighting.switchedIn(fromMs, toMs).filter((at) => isOn(at) !== isOn(at - 1));
}

describe('a circuit', () => {
  it('is switched to the second of its schedule, by day and night', () => {
    const { lighting } = street();
    expect(edges('led', NOON, NOON + DAY_MS)).toEqual([SUNSET + 10 * MINUTE_MS, SUNRISE - 10 * MINUTE_MS]);
    expect(lighting.isCommanded(circuit('led'), EVENING)).toBe(true);
    expect(lighting.isCommanded(circuit('led'), NOON)).toBe(false);
  });

  it('is dark in its night window, on the village clocks', () => {
    expect(edges('saver', NOON, NOON + DAY_MS).slice(1, 3)).toEqual([local(24, 30), local(29)]);
  });

  it('is dimmed in its windows, and takes that much less', () => {
    const { lighting } = street();
    const dimming = [local(21, 59), local(22), local(29, 59), local(30)].map((at) =>
      lighting.dimming(circuit('dim'), at),
    );
    expect(dimming).toEqual([100, 40, 40, 100]);
    expect(lighting.dimming(circuit('dim'), NOON)).toBe(0);
    expect(lighting.circuitW(circuit('dim'), local(23))).toBeCloseTo(120, -1);
    expect(lighting.isContactorOn(circuit('dim'), local(23))).toBe(true);
  });

  it('counts for how long it burned', () => {
    const { lighting } = street();
    expect(lighting.burntMs(circuit('led'), NOON, NOON + DAY_MS)).toBe(SUNRISE - SUNSET - 20 * MINUTE_MS);
    expect(lighting.burntMs(circuit('saver'), NOON, NOON + DAY_MS)).toBe(
      SUNRISE - SUNSET - 20 * MINUTE_MS - 4.5 * HOUR_MS,
    );
  });

  it('of sodium lamps comes up over some five minutes, and follows the voltage', () => {
    const { lighting } = street();
    const [on = 0] = edges('hps', NOON, local(23));
    const part = (minutes: number) => {
      const { volt } = lighting.phaseLoad('cab', 1, on + minutes * MINUTE_MS);
      return lighting.circuitW(circuit('hps'), on + minutes * MINUTE_MS) / (800 * (volt / 230) ** 1.8);
    };
    expect(part(0)).toBeCloseTo(0.55, 1);
    expect(part(2)).toBeLessThan(0.92);
    expect(part(5)).toBeGreaterThan(0.97);
    expect(part(60)).toBeCloseTo(1, 1);
  });
});

describe('lamps with photo-relays', () => {
  it('have no command and no contactor, and come on one by one over some 20 min', () => {
    const { lighting } = street();
    const on = (atMs: number) => lighting.lampsOn(circuit('relays'), atMs);
    expect(lighting.isCommanded(circuit('relays'), EVENING)).toBe(false);
    expect([on(SUNSET - 11 * MINUTE_MS), on(SUNSET + 11 * MINUTE_MS)]).toEqual([0, 40]);
    const half = on(SUNSET);
    expect(half).toBeGreaterThan(8);
    expect(half).toBeLessThan(32);
    expect(edges('relays', NOON, local(23)).length).toBe(1);
    expect(lighting.switchedIn(SUNSET - 11 * MINUTE_MS, SUNSET + 11 * MINUTE_MS).length).toBeGreaterThan(30);
    expect([on(SUNRISE - 11 * MINUTE_MS), on(SUNRISE + 11 * MINUTE_MS)]).toEqual([40, 0]);
  });

  it('keep their order: whoever takes it late for night takes it early for day', () => {
    const { lighting } = street();
    const at = (atMs: number) => lighting.lampsOn(circuit('relays'), atMs);
    for (const minutes of [-8, -4, 3, 7])
      expect(at(SUNSET + minutes * MINUTE_MS)).toBe(at(SUNRISE - minutes * MINUTE_MS - 1));
  });

  it('go by an altitude of the sun where the plant file says so', () => {
    const { lighting } = street();
    const dusk = nextSunAltitude(site, { altitudeDeg: -4, isRising: false }, NOON) ?? 0;
    expect(dusk - SUNSET).toBeGreaterThan(15 * MINUTE_MS);
    expect(lighting.isLit(circuit('relays-hps'), dusk - 11 * MINUTE_MS)).toBe(false);
    expect(lighting.lampsOn(circuit('relays-hps'), dusk + 11 * MINUTE_MS)).toBe(4);
  });
});

describe("a cabinet's meter", () => {
  it('sees each circuit on its phase, and a modem by day', () => {
    const { lighting } = street();
    const [first, second, third] = ([0, 1, 2] as const).map((phase) => lighting.phaseLoad('cab', phase, EVENING).watt);
    expect(first).toBeCloseTo(lighting.circuitW(circuit('led'), EVENING) + 6, 6);
    expect(second).toBeCloseTo(lighting.circuitW(circuit('hps'), EVENING) + 1, 6);
    expect(third).toBeCloseTo(lighting.circuitW(circuit('dim'), EVENING) + 1, 6);
    expect(total(lighting, NOON)).toBe(8);
    expect(total(lighting, EVENING) / total(lighting, EVENING, 'voltAmpere')).toBeGreaterThan(0.87);
    expect(lighting.leakageMa('cab', EVENING)).toBeGreaterThan(lighting.leakageMa('cab', NOON));
  });

  it('of a cabinet without circuits sees its modem', () => {
    expect(street().lighting.phaseLoad('elsewhere', 0, EVENING).watt).toBe(6);
  });

  const troubled = [
    fault('lamp-cycling', 'hps', { from: 10, count: 2 }),
    fault('power-cut', 'cab', { from: 18, to: 18.01 }),
    fault('phase-loss', 'cab', { from: 18.5, to: 18.6, phase: 2 }),
    fault('lamp-out', 'led', { from: 17.33, to: 19.12345, count: 3 }),
  ];
  it.each([
    ['a sound street', [], 16.9, 17.9],
    ['one with many faults', troubled, 17, 19],
  ])('counts the energy of %s as an integration by seconds does', (_, faults, from, to) => {
    const { lighting } = street(...faults);
    let wattSeconds = 0;
    for (let at = local(from) + 500; at < local(to); at += 1000) wattSeconds += total(lighting, at);
    const countedWh = lighting.energyWh('cab', local(from), local(to));
    expect(Math.abs(countedWh / (wattSeconds / 3600) - 1)).toBeLessThan(0.001);
  });

  it('counts the same in one piece, by minutes, and by odd seconds', () => {
    const { lighting } = street(...troubled);
    const [from, to] = [local(17), local(19)];
    const inSteps = (stepMs: number) => {
      let sum = 0;
      for (let at = from; at < to; at += stepMs) sum += lighting.energyWh('cab', at, Math.min(at + stepMs, to));
      return sum;
    };
    const wholeWh = lighting.energyWh('cab', from, to);
    for (const stepMs of [MINUTE_MS, 17_000]) expect(inSteps(stepMs) / wholeWh).toBeCloseTo(1, 4);
  });
});

it('says the same of a time, whatever was asked before', () => {
  const faults = [
    fault('lamp-cycling', 'hps', { from: 10, count: 3 }),
    fault('power-cut', 'toru', { from: 20, to: 20.01 }),
    fault('light-clock-wrong', 'cab', { from: 12, to: 40, byMin: 37 }),
  ];
  const through = street(...faults).lighting;
  for (let at = local(12); at < local(36); at += 7 * MINUTE_MS + 1234) {
    const fresh = street(...faults).lighting;
    expect([0, 1, 2].map((p) => fresh.phaseLoad('cab', p as 0 | 1 | 2, at))).toEqual(
      [0, 1, 2].map((p) => through.phaseLoad('cab', p as 0 | 1 | 2, at)),
    );
    expect(fresh.circuitW(circuit('relays-hps'), at)).toBe(through.circuitW(circuit('relays-hps'), at));
    through.phaseLoad('cab', 0, at - 20 * HOUR_MS);
  }
});

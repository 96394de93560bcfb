import { describe, expect, it } from 'vitest';
import { FAULT_KINDS } from '../../../model/sim-fault-catalogue.ts';
import { circuit, DAY_MS, fault, HOUR_MS, local, MINUTE_MS, type Street, street, total } from './street.ts';

/** Late evening, dark; by day; and after the fault has ended, in the dark again. */
const EVENING = local(20);
const NOON = local(12);
const ENDED = local(21, 30);
const tested = new Set<string>();

/** The same street without the fault, for comparison. */
const sound = street();

function befallen(kind: string, target: string, sizes: Record<string, number> = {}): Street {
  tested.add(kind);
  return street(fault(kind, target, { from: 10, to: 21, ...sizes }));
}

/** With its end its traces end, those of the voltage too; HPS lamps that had gone dark come up again first. */
function expectEnded({ lighting }: Street, atMs = ENDED): void {
  for (const id of ['led', 'hps', 'dim']) {
    const c = circuit(id);
    expect(lighting.circuitW(c, atMs)).toBeCloseTo(sound.lighting.circuitW(c, atMs), 1);
    expect(lighting.isContactorOn(c, atMs)).toBe(sound.lighting.isContactorOn(c, atMs));
    expect(lighting.isCommanded(c, atMs)).toBe(sound.lighting.isCommanded(c, atMs));
    expect(lighting.isBreakerClosed(c, atMs)).toBe(true);
  }
  for (const phase of [0, 1, 2] as const) {
    expect(lighting.phaseLoad('cab', phase, atMs).volt).toBeCloseTo(
      sound.lighting.phaseLoad('cab', phase, atMs).volt,
      6,
    );
  }
}

const part = ({ lighting }: Street, id: string, atMs: number): number =>
  lighting.circuitW(circuit(id), atMs) / sound.lighting.circuitW(circuit(id), atMs);

describe('lamps that', () => {
  it('are out take no power, one by one', () => {
    const one = befallen('lamp-out', 'led', { count: 3 });
    expect(part(one, 'led', EVENING)).toBeCloseTo(0.7, 6);
    expect(one.lighting.lampsOn(circuit('led'), EVENING)).toBe(7);
    expectEnded(one);
  });

  it('are out in two faults at once are counted together, and never more than there are', () => {
    const both = street(
      fault('lamp-out', 'led', { from: 10, count: 3 }),
      { ...fault('lamp-out', 'led', { from: 11, count: 5 }), id: 'second' },
      { ...fault('lamp-out', 'led', { from: 23, count: 10 }), id: 'third' },
    );
    expect(part(both, 'led', EVENING)).toBeCloseTo(0.2, 6);
    expect(both.lighting.circuitW(circuit('led'), local(23, 30))).toBe(0);
  });

  it('are bridged past their contactor burn by day, and change nothing at night', () => {
    const one = befallen('day-burner', 'led', { count: 2 });
    expect(one.lighting.isContactorOn(circuit('led'), NOON)).toBe(false);
    expect(one.lighting.circuitW(circuit('led'), NOON)).toBeCloseTo(120, -1);
    expect(one.lighting.isLit(circuit('led'), NOON)).toBe(true);
    expect(sound.lighting.isLit(circuit('led'), NOON)).toBe(false);
    expect(part(one, 'led', EVENING)).toBe(1);
    expectEnded(one);
    const ended = street(fault('day-burner', 'led', { from: 10, to: 11, count: 2 }));
    expect(ended.lighting.isLit(circuit('led'), NOON)).toBe(false);
  });

  it('have photo-relays that stick burn by day too', () => {
    const one = street(fault('day-burner', 'relays', { from: 10, to: 13, count: 4 }));
    expect(one.lighting.lampsOn(circuit('relays'), NOON)).toBe(4);
    expect(one.lighting.lampsOn(circuit('relays'), local(14))).toBe(0);
  });

  it('cycle go on and out four times an hour or more, and a sodium lamp warms up each time', () => {
    const one = befallen('lamp-cycling', 'hps', { count: 1 });
    const lit: number[] = [];
    for (let at = local(19); at < local(20); at += 10_000) lit.push(one.lighting.lampsOn(circuit('hps'), at));
    const goesOn = lit.filter((n, i) => i > 0 && n > (lit[i - 1] ?? 0)).length;
    expect(goesOn).toBeGreaterThanOrEqual(4);
    expect(new Set(lit)).toEqual(new Set([7, 8]));
    const switched = one.lighting.switchedIn(local(19), local(20));
    expect(switched.length).toBeGreaterThanOrEqual(8);
    const strikes = switched.find((at) => one.lighting.lampsOn(circuit('hps'), at) === 8) ?? 0;
    expect(one.lighting.circuitW(circuit('hps'), strikes)).toBeLessThan(
      one.lighting.circuitW(circuit('hps'), strikes + 4 * MINUTE_MS),
    );
    expectEnded(one);
  });

  it('do not obey the dimming stay at full power, whatever is ordered', () => {
    const one = street(fault('dimming-failure', 'dim', { from: 10, to: 24 }));
    tested.add('dimming-failure');
    expect(part(one, 'dim', local(23))).toBeCloseTo(2.5, 6);
    expect(one.lighting.dimming(circuit('dim'), local(23))).toBe(40);
    expect(part(one, 'dim', local(25))).toBe(1);
  });

  it('have lost their capacitors draw the same power and much more current', () => {
    const one = befallen('capacitor-failure', 'hps');
    const factor = ({ lighting }: Street, atMs: number) => {
      const { watt, voltAmpere } = lighting.phaseLoad('cab', 1, atMs);
      return watt / voltAmpere;
    };
    expect(factor(sound, EVENING)).toBeCloseTo(0.87, 2);
    expect(factor(one, EVENING)).toBeCloseTo(0.45, 2);
    expect(part(one, 'hps', EVENING)).toBe(1);
    expect(factor(one, ENDED)).toBeCloseTo(0.87, 2);
    expectEnded(one);
  });
});

describe('a circuit whose', () => {
  it('wires are hooked takes more while they are live, and nothing by day', () => {
    const one = befallen('theft', 'led', { watt: 500 });
    expect(
      one.lighting.circuitW(circuit('led'), EVENING) - sound.lighting.circuitW(circuit('led'), EVENING),
    ).toBeCloseTo(500);
    expect(one.lighting.circuitW(circuit('led'), NOON)).toBe(0);
    expectEnded(one);
    const always = street(fault('theft', 'relays', { from: 10, to: 13, watt: 500 }));
    expect(always.lighting.circuitW(circuit('relays'), NOON)).toBe(500);
  });

  it('contactor is welded burns by day, without a command', () => {
    const one = befallen('contactor-stuck-on', 'led');
    expect(one.lighting.isContactorOn(circuit('led'), NOON)).toBe(true);
    expect(one.lighting.isCommanded(circuit('led'), NOON)).toBe(false);
    expect(one.lighting.circuitW(circuit('led'), NOON)).toBeGreaterThan(550);
    expectEnded(one);
    const ended = street(fault('contactor-stuck-on', 'led', { from: 10, to: 11 }));
    expect(ended.lighting.isContactorOn(circuit('led'), NOON)).toBe(false);
  });

  it('contactor does not pull in stays dark, though commanded', () => {
    const one = befallen('contactor-stuck-off', 'led');
    expect(one.lighting.isContactorOn(circuit('led'), EVENING)).toBe(false);
    expect(one.lighting.isCommanded(circuit('led'), EVENING)).toBe(true);
    expect(one.lighting.circuitW(circuit('led'), EVENING)).toBe(0);
    expect(part(one, 'hps', EVENING)).toBe(1);
    expectEnded(one);
  });

  it('breaker has tripped stays dark behind a closed contactor, its bridged lamps too', () => {
    const one = befallen('breaker-tripped', 'led');
    one.board.put(fault('day-burner', 'led', { from: 10, to: 21, count: 2 }));
    expect(one.lighting.isBreakerClosed(circuit('led'), EVENING)).toBe(false);
    expect(one.lighting.isContactorOn(circuit('led'), EVENING)).toBe(true);
    expect(one.lighting.circuitW(circuit('led'), EVENING)).toBe(0);
    expect(one.lighting.circuitW(circuit('led'), NOON)).toBe(0);
    expectEnded(one);
  });
});

describe('a cabinet', () => {
  it('whose lights are forced on burns by day without a command', () => {
    const one = befallen('lights-forced-on', 'cab');
    for (const id of ['led', 'hps', 'dim']) {
      expect(one.lighting.isContactorOn(circuit(id), NOON)).toBe(true);
      expect(one.lighting.isCommanded(circuit(id), NOON)).toBe(false);
    }
    expect(total(one.lighting, NOON)).toBeGreaterThan(1600);
    expect(one.lighting.isLit(circuit('saver'), NOON)).toBe(false);
    expectEnded(one);
    const ended = street(fault('lights-forced-on', 'cab', { from: 10, to: 11 }));
    expect(ended.lighting.isLit(circuit('led'), NOON)).toBe(false);
  });

  it.each([90, -90])('whose clock is %i min ahead switches and dims by that clock', (byMin) => {
    tested.add('light-clock-wrong');
    const one = street(fault('light-clock-wrong', 'cab', { from: 10, to: 36, byMin }));
    const [on] = sound.lighting
      .switchedIn(local(12, 30), local(23))
      .filter((at) => sound.lighting.isLit(circuit('led'), at));
    const isOn = (atMs: number) => one.lighting.isContactorOn(circuit('led'), atMs);
    const onAt = (on ?? 0) - byMin * MINUTE_MS;
    expect([isOn(onAt - 1), isOn(onAt)]).toEqual([false, true]);
    expect(one.lighting.dimming(circuit('dim'), local(22) - byMin * MINUTE_MS)).toBe(40);
    expect(one.lighting.dimming(circuit('dim'), local(22) - byMin * MINUTE_MS - 1)).toBe(100);
    expectEnded(one, local(45));
  });

  it.each([1, 2, 3])('that loses phase %i has no voltage on it, and its lamps are dark', (phase) => {
    const one = befallen('phase-loss', 'cab', { phase });
    const dark = ['led', 'hps', 'dim'][phase - 1] ?? '';
    const load = one.lighting.phaseLoad('cab', (phase - 1) as 0 | 1 | 2, EVENING);
    expect(load.volt).toBeLessThan(10);
    expect(load.volt).toBeGreaterThan(0);
    expect(load.watt).toBe(0);
    for (const id of ['led', 'hps', 'dim']) expect(one.lighting.isLit(circuit(id), EVENING)).toBe(id !== dark);
    for (const other of [0, 1, 2] as const) {
      if (other !== phase - 1) expect(one.lighting.phaseLoad('cab', other, EVENING).volt).toBeGreaterThan(200);
    }
    expectEnded(one);
  });

  it('may lose two phases at once', () => {
    const two = street(
      fault('phase-loss', 'cab', { from: 10, phase: 1 }),
      fault('phase-loss', 'cab', { from: 11, phase: 3 }),
    );
    const volts = ([0, 1, 2] as const).map((phase) =>
      Math.round(two.lighting.phaseLoad('cab', phase, EVENING).volt / 100),
    );
    expect(volts).toEqual([0, 2, 0]);
  });

  it('whose neutral is broken has a low voltage where the load is, and a high one where it is not', () => {
    const one = befallen('broken-neutral', 'cab');
    const volts = (atMs: number) =>
      ([0, 1, 2] as const).map((phase) => one.lighting.phaseLoad('cab', phase, atMs).volt);
    // Loads of some 606, 801 and 301 W: the star point lies towards the second phase.
    const [first = 0, second = 0, third = 0] = volts(EVENING);
    expect(second).toBeLessThan(first);
    expect(first).toBeLessThan(third);
    expect(second).toBeLessThan(190);
    expect(third).toBeGreaterThan(265);
    // Line voltages stay what they were: no phase is further than 400 V from any other.
    expect(Math.max(...volts(NOON))).toBeLessThan(400);
    expect(Math.min(...volts(NOON))).toBeLessThan(120);
    expectEnded(one);
  });

  it('of a weak supply shows its voltage: LED lamps take the same power, sodium lamps less', () => {
    const one = befallen('supply-voltage', 'cab', { volt: 190 });
    for (const phase of [0, 1, 2] as const) {
      expect(Math.abs(one.lighting.phaseLoad('cab', phase, EVENING).volt - 190)).toBeLessThan(6);
    }
    expect(part(one, 'led', EVENING)).toBe(1);
    const usual = sound.lighting.phaseLoad('cab', 1, EVENING).volt;
    expect(part(one, 'hps', EVENING)).toBeCloseTo((190 / usual) ** 1.8, 1);
    expectEnded(one);
    const dark = street(fault('supply-voltage', 'cab', { from: 10, to: 21, volt: 150 }));
    expect(dark.lighting.isLit(circuit('hps'), EVENING)).toBe(false);
    expect(dark.lighting.isLit(circuit('led'), EVENING)).toBe(true);
  });

  it('says while its door is open', () => {
    const one = befallen('door-open', 'cab');
    expect([local(9, 59), NOON, ENDED].map((at) => one.lighting.isDoorOpen('cab', at))).toEqual([false, true, false]);
    expect(one.lighting.isDoorOpen('cab-2', NOON)).toBe(false);
    expect(one.lighting.switchedIn(local(10), local(10) + 1)).toEqual([local(10)]);
    expectEnded(one);
  });
});

describe('a power cut', () => {
  it('takes the voltage and every lamp of a cabinet, and the coils of its contactors, not its command', () => {
    const one = street(fault('power-cut', 'cab', { from: 19, to: 20 }));
    const cut = local(19, 30);
    expect(total(one.lighting, cut)).toBe(0);
    for (const phase of [0, 1, 2] as const) expect(one.lighting.phaseLoad('cab', phase, cut).volt).toBe(0);
    expect(one.lighting.isContactorOn(circuit('led'), cut)).toBe(false);
    expect(one.lighting.isCommanded(circuit('led'), cut)).toBe(true);
    expect(one.lighting.isLit(circuit('relays'), cut)).toBe(true);
    expectEnded(one);
  });

  it('of the site takes the lamps that have no cabinet too', () => {
    const one = street(fault('power-cut', 'toru', { from: 19, to: 20 }));
    expect(one.lighting.isLit(circuit('relays'), local(19, 30))).toBe(false);
    expect(one.lighting.isLit(circuit('relays'), local(20, 1))).toBe(true);
  });

  it('of a moment lets hot sodium lamps wait for their restrike, and warm up again', () => {
    const one = street(fault('power-cut', 'cab', { from: 20, to: 20 + 1 / 360 }));
    const w = (s: number) => one.lighting.circuitW(circuit('hps'), local(20) + s * 1000);
    expect(w(-1)).toBeGreaterThan(700);
    expect([w(11), w(60), w(89)]).toEqual([0, 0, 0]);
    expect(w(91)).toBeGreaterThan(380);
    expect(w(91)).toBeLessThan(480);
    expect(w(91 + 300)).toBeGreaterThan(w(-1) * 0.97);
    expect(part(one, 'led', local(20) + 11_000)).toBe(1);
    // Cold lamps strike at once.
    const long = street(fault('power-cut', 'cab', { from: 19, to: 20 }));
    expect(long.lighting.circuitW(circuit('hps'), local(20) + 1000)).toBeGreaterThan(380);
  });
});

describe('a fault of light is refused', () => {
  const { lighting } = sound;
  const sentence = (kind: string, target: string, sizes: Record<string, number> = {}) =>
    lighting.check(fault(kind, target, { from: 10, ...sizes }));

  it.each([
    ['lamp-out', 'lde', { count: 1 }, 'no circuit "lde" in this village; did you mean led?'],
    ['lamp-out', 'nowhere', { count: 1 }, 'no circuit "nowhere" in this village'],
    ['phase-loss', 'cap', { phase: 1 }, 'no cabinet "cap" in this village; did you mean cab?'],
    ['lamp-out', 'led', { count: 11 }, 'circuit led has 10 lamps (got count 11)'],
    ['lamp-out', 'led', { count: 1.5 }, 'count: expected a whole number of lamps (got 1.5)'],
    ['phase-loss', 'cab', { phase: 1.5 }, 'phase: expected 1, 2 or 3 (got 1.5)'],
    ['contactor-stuck-on', 'relays', {}, 'circuit relays has no contactor: its lamps have photo-relays'],
    ['capacitor-failure', 'led', {}, 'circuit led has no sodium lamps, and no other has a capacitor'],
    ['dimming-failure', 'led', {}, 'circuit led is never dimmed: it has no "dim" in the plant file'],
  ])('%s of %s %o', (kind, target, sizes, expected) => {
    expect(sentence(kind, target, sizes)).toBe(expected);
  });

  it('but not where it can be', () => {
    expect(sentence('lamp-out', 'led', { count: 10 })).toBeNull();
    expect(sentence('broken-neutral', 'cab-2')).toBeNull();
    expect(sentence('dimming-failure', 'dim')).toBeNull();
    expect(lighting.targets()).toEqual({
      circuit: ['led', 'hps', 'dim', 'saver', 'relays', 'relays-hps'],
      cabinet: ['cab', 'cab-2'],
    });
  });
});

it('has a test for every kind of fault of light', () => {
  const kinds = [...FAULT_KINDS.values()].filter(({ domain }) => domain === 'light').map(({ kind }) => kind);
  expect([...tested].sort()).toEqual(kinds.sort());
});

it('changes nothing of the past when a fault is put while the village lives', () => {
  const { lighting, board } = street();
  const before = lighting.energyWh('cab', EVENING - HOUR_MS, EVENING);
  board.put(fault('contactor-stuck-off', 'led', { from: 20 }));
  expect(lighting.isContactorOn(circuit('led'), EVENING)).toBe(false);
  expect(lighting.energyWh('cab', EVENING - HOUR_MS, EVENING)).toBe(before);
  board.put({ ...fault('contactor-stuck-off', 'led', { from: 20 }), toMs: EVENING + MINUTE_MS });
  expect(lighting.isContactorOn(circuit('led'), EVENING + MINUTE_MS)).toBe(true);
  expect(lighting.isContactorOn(circuit('led'), EVENING + DAY_MS)).toBe(true);
});

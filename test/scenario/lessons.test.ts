/** The lessons of docs/simulator.md: what they say that the pages show is what the village sends and people are told. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { TownMessage } from '../../device-sim/town.ts';
import { fault, HOUR_MS, NOVEMBER } from '../device-sim/village.ts';
import { startWatchedTown } from '../harness/watched-town.ts';

const EVENING = NOVEMBER + 20 * HOUR_MS;
const NIGHT = NOVEMBER + 2 * HOUR_MS;
const NOON = NOVEMBER + 12 * HOUR_MS;
const SETTLED_MIN = 5;

/** The village at an hour, with one who leads its faults and looks at it. */
async function startLesson(fromMs: number) {
  const { town, told, desk, pass } = await startWatchedTown(fromMs);
  let arrived = pass(SETTLED_MIN);
  const valuesOf = (series: string) => {
    const [device = '', metric = ''] = series.split('.');
    return arrived.flatMap(({ device: from, frame }) => (from === device ? (frame.values[metric] ?? []) : []));
  };
  return {
    told,
    start: (kind: string, target: string, more: Record<string, unknown> = {}) =>
      town.put(fault(kind, target, { id: `${kind}-${target}`, fromMs: town.nowMs, ...more })),
    end(kind: string, target: string): void {
      const acting = town.faults().find(({ id }) => id === `${kind}-${target}`);
      if (acting) town.put({ ...acting, toMs: town.nowMs });
    },
    pass(minutes: number): readonly TownMessage[] {
      arrived = pass(minutes);
      return arrived;
    },
    /** As the page shows it: what came last. */
    shown: (series: string) => valuesOf(series).at(-1),
    shownNumber: (series: string) => Number(valuesOf(series).at(-1)),
    /** Rules of the alarms that stand and nothing explains, those of a low priority left out. */
    alarms: () =>
      desk
        .standing()
        .filter(
          ({ suppressedBy, clearedAt, priority }) => suppressedBy.length === 0 && !clearedAt && priority !== 'low',
        )
        .map(({ rule, device }) => `${rule} ${device ?? ''}`.trimEnd())
        .toSorted(),
  };
}

type Lesson = Awaited<ReturnType<typeof startLesson>>;

describe('1: a leak', () => {
  const POINTS = ['pressure-1', 'pressure-2', 'pressure-3', 'pressure-4'];
  const inflow = (lesson: Lesson) => lesson.shownNumber('meter-upper.flow_rate');
  const pressures = (lesson: Lesson) => POINTS.map((point) => lesson.shownNumber(`${point}.pressure`));

  it('shows in the zone’s inflow and in the pressure near it, without an alarm, and is found by closing valves', async () => {
    const lesson = await startLesson(NIGHT);
    const [usual, before] = [inflow(lesson), pressures(lesson)];
    lesson.start('burst', 'up01', { flowM3h: 10 });
    lesson.pass(3);
    expect(inflow(lesson) - usual).toBeGreaterThan(8);
    const fallen = pressures(lesson).map((pressure, i) => (before[i] ?? 0) - pressure);
    expect(fallen[0]).toBeGreaterThan(0.3);
    for (const elsewhere of fallen.slice(1)) expect(Math.abs(elsewhere)).toBeLessThan(0.1);
    expect(lesson.told).toEqual([]);

    lesson.start('valve-closed', 'up02');
    lesson.pass(3);
    expect(inflow(lesson) - usual).toBeGreaterThan(8);
    lesson.start('valve-closed', 'up20');
    lesson.pass(8);
    expect(inflow(lesson)).toBeLessThan(usual + 1);
    expect(pressures(lesson)[0]).toBeLessThan(0.1);
    expect(lesson.told).toEqual(['raised pressure-low.pressure-1']);

    for (const [kind, target] of [['burst', 'up01'] as const, ['valve-closed', 'up02'] as const])
      lesson.end(kind, target);
    lesson.end('valve-closed', 'up20');
    lesson.pass(4);
    expect(inflow(lesson)).toBeLessThan(usual + 2);
    expect(pressures(lesson)[0]).toBeCloseTo(before[0] ?? Number.NaN, 0);
  });
});

describe('2: a lamp', () => {
  it('shows in the power, and nobody is told', async () => {
    const lesson = await startLesson(EVENING);
    expect(lesson.shownNumber('circuit-1.active_power')).toBeCloseTo(840, -1.4);
    lesson.start('lamp-out', 'c1', { count: 2 });
    lesson.pass(15);
    expect(lesson.shownNumber('circuit-1.active_power')).toBeCloseTo(720, -1.4);
    expect(lesson.told).toEqual([]);
  });

  it('that burns at noon takes its power with the contactor off', async () => {
    const lesson = await startLesson(NOON);
    lesson.start('day-burner', 'c1', { count: 1 });
    lesson.pass(15);
    expect(lesson.shown('circuit-1.contactor_on')).toBe(false);
    expect(lesson.shownNumber('circuit-1.active_power')).toBeCloseTo(60, -1);
    expect(lesson.told).toEqual([]);
  });
});

describe('3: a circuit and a feeder', () => {
  let lesson: Lesson;
  beforeEach(async () => {
    lesson = await startLesson(EVENING);
  });
  const volts = () => [1, 2, 3].map((phase) => lesson.shownNumber(`cab-1-meter.voltage_l${phase}`));

  it('a tripped breaker is told within five minutes', () => {
    lesson.start('breaker-tripped', 'c7');
    lesson.pass(5);
    expect(lesson.shownNumber('circuit-7.active_power')).toBe(0);
    expect(lesson.alarms()).toEqual(['breaker-open circuit-7']);
  });

  it('a lost phase is told, and darkens its circuits under contactors that are on', () => {
    lesson.start('phase-loss', 'cab-1', { phase: 1 });
    lesson.pass(5);
    expect(volts()[0]).toBeLessThan(10);
    expect(lesson.shown('circuit-1.contactor_on')).toBe(true);
    expect(lesson.shownNumber('circuit-1.active_power')).toBe(0);
    expect(lesson.shownNumber('circuit-2.active_power')).toBeGreaterThan(700);
    expect(lesson.alarms()).toEqual(['phase-lost cab-1-meter']);
  });

  it('a broken neutral hides under even loads, and is critical as soon as a circuit is off', () => {
    lesson.start('broken-neutral', 'cab-1');
    lesson.pass(5);
    expect(Math.max(...volts())).toBeGreaterThan(240);
    expect(Math.min(...volts())).toBeLessThan(215);
    expect(lesson.alarms()).toEqual([]);
    lesson.start('breaker-tripped', 'c1');
    lesson.pass(5);
    expect(volts()[0]).toBeGreaterThan(320);
    expect(volts()[1]).toBeLessThan(170);
    expect(lesson.alarms()).toEqual(['breaker-open circuit-1', 'broken-neutral cab-1-meter']);
  });
});

describe('4: a power cut', () => {
  it('of the village is one alarm; its gateways live on for eight hours and then fall silent', async () => {
    const lesson = await startLesson(EVENING);
    lesson.start('power-cut', 'toru');
    lesson.pass(30);
    expect(lesson.told).toEqual(['raised power-outage:toru']);
    expect(lesson.alarms()).toEqual(['power-outage']);
    expect(lesson.shown('gw-borehole.mains_ok')).toBe(false);
    expect(lesson.shown('borehole-1-pump.pump_running')).toBe(false);
    expect(lesson.shownNumber('cab-1-meter.voltage_l1')).toBe(0);
    expect(lesson.shownNumber('circuit-1.active_power')).toBe(0);
    expect(lesson.shownNumber('gw-borehole.battery')).toBeLessThan(12.8);
    expect(lesson.shownNumber('pressure-1.pressure')).toBeGreaterThan(4.5);
    lesson.pass(7 * 60);
    const lastHour = new Set(lesson.pass(60).map(({ device }) => device));
    expect(lastHour).toContain('gw-borehole');
    expect(lesson.told).toContain('raised gateway-battery-low.gw-borehole');
    const stillHeard = new Set(lesson.pass(30).map(({ device }) => device));
    expect([...stillHeard].toSorted()).toEqual(['pressure-1', 'pressure-2', 'pressure-3', 'pressure-4']);
  });

  it('of one cabinet is an alarm of its own', async () => {
    const lesson = await startLesson(EVENING);
    lesson.start('power-cut', 'cab-2');
    lesson.pass(10);
    expect(lesson.shownNumber('cab-2-meter.voltage_l1')).toBe(0);
    expect(lesson.shownNumber('cab-1-meter.voltage_l1')).toBeGreaterThan(200);
    expect(lesson.alarms()).toEqual(['mains-lost gw-cab-2']);
  });
});

it('5: a link that fails takes its gateway’s devices, is told after twelve minutes, and loses nothing', async () => {
  const lesson = await startLesson(EVENING);
  lesson.start('link-down', 'gw-tank-1', { toMs: EVENING + (SETTLED_MIN + 30) * 60_000 });
  const silent = new Set(['gw-tank-1', 'tank-1-level', 'meter-upper', 'meter-transfer']);
  const heard = lesson.pass(10).map(({ device }) => device);
  expect(heard.filter((device) => silent.has(device))).toEqual([]);
  expect(new Set(heard).size).toBe(40 - silent.size);
  expect(lesson.told).toEqual([]);
  lesson.pass(5);
  expect(lesson.alarms()).toEqual(['gateway-silent gw-tank-1']);
  lesson.pass(15);
  const backlog = lesson.pass(5).filter(({ device }) => device === 'tank-1-level');
  expect(backlog.length).toBeGreaterThanOrEqual(34);
});

it('6: a sensor that drifts leaves its neighbour within the day', async () => {
  const lesson = await startLesson(NOVEMBER + 8 * HOUR_MS);
  const apart = () => lesson.shownNumber('pressure-3.pressure') - lesson.shownNumber('pressure-4.pressure');
  const before = apart();
  lesson.start('drift', 'pressure-3', { metric: 'pressure', perDay: -1 });
  lesson.pass(12 * 60);
  expect(apart() - before).toBeCloseTo(-0.5, 0);
  expect(apart() - before).toBeLessThan(-0.3);
  lesson.end('drift', 'pressure-3');
  lesson.pass(5);
  expect(apart() - before).toBeGreaterThan(-0.2);
});

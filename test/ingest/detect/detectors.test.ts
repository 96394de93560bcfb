import { describe, expect, it } from 'vitest';
import { NOVEMBER, plant, rules } from '../../device-sim/village.ts';
import { type DetectBench, rulesFor, startDetectBench } from '../../harness/detect.ts';
import { smallPlant } from '../../harness/readings.ts';

const T0 = NOVEMBER;
const MIN = 60_000;
const HOUR = 60 * MIN;

type Values = Readonly<Record<string, number | boolean | null>>;

function newBench(own?: unknown): DetectBench {
  return startDetectBench({ plant, rules: own === undefined ? rules : rulesFor(plant, own), fromMs: T0 });
}

/** One message a minute; gives the changes of one condition as `raise 12` (minutes). */
function changesOf(key: string, device: string, series: readonly Values[], bench = newBench()): string[] {
  series.forEach((values, minute) => {
    bench.send(device, T0 + minute * MIN, values);
  });
  return toldOf(bench, key);
}

function toldOf({ changes }: DetectBench, key: string): string[] {
  return changes.filter((change) => change.key === key).map(({ kind, at }) => `${kind} ${Math.floor((at - T0) / MIN)}`);
}

function times<T>(n: number, of: (i: number) => T): T[] {
  return Array.from({ length: n }, (_, i) => of(i));
}

const same = (n: number, values: Values): Values[] => times(n, () => values);

describe('each shipped rule fires on its fault and clears again', () => {
  const onOff = (metric: string, bad: number | boolean, good: number | boolean): Values[] => [
    ...same(3, { [metric]: good }),
    ...same(90, { [metric]: bad }),
    ...same(90, { [metric]: good }),
  ];

  it.each([
    ['tank-low.tank-1-level', 'tank-1-level', 'level', 0.9, 1.2],
    ['tank-near-overflow.tank-2-level', 'tank-2-level', 'level', 3.75, 3.5],
    ['pressure-low.pressure-1', 'pressure-1', 'pressure', 1.2, 2],
    ['well-level-low.borehole-1-level', 'borehole-1-level', 'well_level', 4, 20],
    ['chlorine-low.treatment-1-quality', 'treatment-1-quality', 'chlorine', 0.1, 0.4],
    ['chlorine-high.treatment-1-quality', 'treatment-1-quality', 'chlorine', 1, 0.4],
    ['turbidity-high.treatment-1-quality', 'treatment-1-quality', 'turbidity', 5, 0.4],
    ['uv-off.treatment-1-quality', 'treatment-1-quality', 'uv_ok', false, true],
    ['pump-fault.borehole-1-pump', 'borehole-1-pump', 'pump_fault', true, false],
    ['breaker-open.circuit-1', 'circuit-1', 'breaker_closed', false, true],
    ['door-open.cab-1-control', 'cab-1-control', 'door_open', true, false],
    ['mains-lost.gw-cab-1', 'gw-cab-1', 'mains_ok', false, true],
    ['gateway-battery-low.gw-tank-1', 'gw-tank-1', 'battery', 11, 13],
    ['voltage-off.cab-1-meter.voltage_l2', 'cab-1-meter', 'voltage_l2', 200, 230],
  ])('%s', (key, device, metric, bad, good) => {
    const told = changesOf(key, device, onOff(metric, bad, good));
    expect(told.map((each) => each.split(' ')[0])).toEqual(['raise', 'return']);
  });

  it('says which side of a range was broken, and by what mean', () => {
    const bench = newBench();
    changesOf('voltage-off.cab-1-meter.voltage_l1', 'cab-1-meter', same(15, { voltage_l1: 260 }), bench);
    expect(bench.raises()).toMatchObject([{ value: 260, limit: 253, detector: 'limit', metric: 'voltage_l1' }]);
  });
});

describe('rate of change', () => {
  it('raises where the level falls fast for the whole window, and returns once it has stopped', () => {
    const level = times(120, (minute) => ({ level: minute < 70 ? 3 - minute * 0.015 : 1.95 }));
    expect(changesOf('tank-falls-fast.tank-1-level', 'tank-1-level', level)).toMatchObject([
      expect.stringMatching(/^raise (2|3)\d$/),
      expect.stringMatching(/^return (8|9)\d$/),
    ]);
  });

  it('is not misled by one reading', () => {
    const level = times(120, (minute) => ({ level: minute === 60 ? 2.6 : 3 }));
    expect(changesOf('tank-falls-fast.tank-1-level', 'tank-1-level', level)).toEqual([]);
  });

  it('says nothing of the time before a silence', () => {
    const bench = newBench();
    times(40, (minute) => bench.send('tank-1-level', T0 + minute * MIN, { level: 3 }));
    times(20, (minute) => bench.send('tank-1-level', T0 + 5 * HOUR + minute * MIN, { level: 1.5 }));
    expect(toldOf(bench, 'tank-falls-fast.tank-1-level')).toEqual([]);
  });
});

describe('frozen values', () => {
  const key = 'sensor-frozen.tank-1-level.level';

  it('raises after its hours, and returns as soon as the value moves', () => {
    const level = [...same(13 * 60, { level: 2.5 }), ...same(5, { level: 2.505 })];
    expect(changesOf(key, 'tank-1-level', level)).toEqual(['raise 720', 'return 780']);
  });

  it('takes no change within the resolution for a move', () => {
    const own = [{ id: 'sensor-frozen', exceptions: [{ device: 'tank-1-level', within: 0.005 }] }];
    const dither = times(13 * 60, (minute) => ({ level: minute % 2 ? 2.5 : 2.505 }));
    expect(changesOf(key, 'tank-1-level', dither, newBench(own))).toEqual(['raise 720']);
    expect(changesOf(key, 'tank-1-level', dither, newBench([]))).toEqual([]);
  });

  it('leaves a flow of nothing alone', () => {
    expect(changesOf('sensor-frozen.meter-upper.flow_rate', 'meter-upper', same(900, { flow_rate: 0 }))).toEqual([]);
  });

  it('does not count a silence', () => {
    const bench = newBench();
    bench.send('tank-1-level', T0, { level: 2.5 });
    bench.send('tank-1-level', T0 + 20 * HOUR, { level: 2.5 });
    bench.send('tank-1-level', T0 + 20 * HOUR + MIN, { level: 2.5 });
    expect(toldOf(bench, key)).toEqual([]);
  });
});

describe('counters', () => {
  const stuck = 'counter-stuck.meter-upper';
  const backwards = 'counter-backwards.meter-upper.volume_total';
  const reset = 'counter-reset.meter-upper.volume_total';

  it('raises where the total stands although water flows, and returns when it counts again', () => {
    const flow = [...same(90, { flow_rate: 6, volume_total: 100 }), { flow_rate: 6, volume_total: 100.1 }];
    expect(changesOf(stuck, 'meter-upper', flow)).toEqual(['raise 60', 'return 90']);
  });

  it('waits longer where little flows: a coarse counter has time to step', () => {
    expect(changesOf(stuck, 'meter-upper', same(109, { flow_rate: 1.1, volume_total: 100 }))).toEqual([]);
    expect(changesOf(stuck, 'meter-upper', same(130, { flow_rate: 1.1, volume_total: 100 }))).toEqual(['raise 110']);
  });

  it('is content with a total that stands while nothing flows', () => {
    expect(changesOf(stuck, 'meter-upper', same(600, { flow_rate: 0, volume_total: 100 }))).toEqual([]);
  });

  it('tells a counter that runs backwards from one that was reset and one that rolled over', () => {
    const totals = (...values: number[]) => values.map((volume_total) => ({ volume_total }));
    expect(changesOf(backwards, 'meter-upper', totals(5000, 4990, 4991))).toEqual(['raise 1']);
    expect(changesOf(reset, 'meter-upper', totals(5000, 4990, 4991))).toEqual([]);
    expect(changesOf(reset, 'meter-upper', totals(5000, 0, 1))).toEqual(['raise 1']);
    expect(changesOf(backwards, 'meter-upper', totals(5000, 0, 1))).toEqual([]);
    for (const key of [backwards, reset]) expect(changesOf(key, 'meter-upper', totals(99_999.5, 0.2, 0.4))).toEqual([]);
  });

  it('adds small steps back up', () => {
    const creep = times(20, (minute) => ({ volume_total: 5000 - minute * 0.1 }));
    expect(changesOf(backwards, 'meter-upper', creep)).toEqual(['raise 6']);
  });

  it('returns by itself a day after the last step back', () => {
    const totals = [{ volume_total: 5000 }, ...times(25 * 60, (minute) => ({ volume_total: 4990 + minute / 10 }))];
    expect(changesOf(backwards, 'meter-upper', totals)).toEqual(['raise 1', 'return 1441']);
  });
});

describe('a pump without flow', () => {
  const key = 'pump-without-flow.borehole-1-flow';

  function run(of: (minute: number) => { running: boolean; flow: number | null } | null, minutes: number): string[] {
    const bench = newBench();
    for (let minute = 0; minute < minutes; minute++) {
      const now = of(minute);
      if (!now) continue;
      bench.send('borehole-1-pump', T0 + minute * MIN, { pump_running: now.running });
      bench.send('borehole-1-flow', T0 + minute * MIN + 20_000, { flow_rate: now.flow });
    }
    return toldOf(bench, key);
  }

  it('raises two minutes after the flow failed, and returns once it is back', () => {
    const told = run((minute) => ({ running: true, flow: minute >= 5 && minute < 12 ? 0 : 12 }), 20);
    expect(told).toEqual(['raise 7', 'return 13']);
  });

  it('lets the flow come after the start', () => {
    expect(run((minute) => ({ running: minute >= 3, flow: minute > 3 ? 12 : 0 }), 20)).toEqual([]);
  });

  it('is content with no flow while the pump stands', () => {
    expect(run(() => ({ running: false, flow: 0 }), 20)).toEqual([]);
  });

  it('neither raises nor clears where the flow could not be read', () => {
    expect(run((minute) => ({ running: true, flow: minute < 5 ? 12 : null }), 20)).toEqual([]);
  });

  it('neither raises nor clears where the pump is not heard', () => {
    const bench = newBench();
    bench.send('borehole-1-pump', T0, { pump_running: true });
    times(20, (minute) => bench.send('borehole-1-flow', T0 + (minute + 5) * MIN, { flow_rate: 0 }));
    expect(toldOf(bench, key)).toEqual([]);
  });
});

describe('a cabinet that is open while current leaks', () => {
  const key = 'live-cabinet-open.plain';
  const at = (door_open: boolean, leakage_current: number): Values => ({ door_open, leakage_current });
  const told = (...series: Values[]) => {
    const small = smallPlant();
    return changesOf(key, 'plain', series, startDetectBench({ plant: small, rules: rulesFor(small), fromMs: T0 }));
  };

  it('raises with the first look at both, and returns when either is over', () => {
    expect(told(at(false, 150), at(true, 150), at(true, 150), at(true, 20), at(true, 20), at(true, 20))).toEqual([
      'raise 1',
      'return 4',
    ]);
    expect(told(at(true, 150), at(false, 150), at(false, 150), at(false, 150))).toEqual(['raise 0', 'return 2']);
  });

  it('needs both', () => {
    expect(told(at(true, 80), at(true, 80), at(false, 250), at(false, 250))).toEqual([]);
  });
});

describe('command and contactor', () => {
  it('raises where the contactor does not follow within its time, each way, and returns when it does', () => {
    const bench = newBench();
    const command = (minute: number) => minute >= 5 && minute < 40;
    const contactor = (minute: number) => minute >= 20 && minute < 60;
    for (let minute = 0; minute < 70; minute++) {
      bench.send('cab-1-control', T0 + minute * MIN, { light_command: command(minute) });
      bench.send('circuit-1', T0 + minute * MIN + 1000, { contactor_on: contactor(minute) });
    }
    expect(toldOf(bench, 'contactor-not-on.circuit-1')).toEqual(['raise 12', 'return 21']);
    expect(toldOf(bench, 'contactor-not-off.circuit-1')).toEqual(['raise 47', 'return 61']);
  });
});

describe('three phases', () => {
  const volts = (l1: number, l2: number, l3: number): Values => ({ voltage_l1: l1, voltage_l2: l2, voltage_l3: l3 });
  const good = volts(230, 228, 231);

  it.each([
    ['phase-lost', volts(231, 20, 229)],
    ['broken-neutral', volts(290, 150, 260)],
    ['supply-lost', volts(0, 1, 2)],
  ])('%s fires and clears', (rule, bad) => {
    const told = changesOf(`${rule}.cab-1-meter`, 'cab-1-meter', [...same(3, good), ...same(3, bad), ...same(3, good)]);
    expect(told).toEqual(['raise 3', 'return 6']);
  });

  it('takes one for another nowhere', () => {
    for (const [rule, values] of [
      ['broken-neutral', volts(231, 20, 229)],
      ['phase-lost', volts(290, 100, 260)],
      ['phase-lost', volts(0, 1, 2)],
    ] as const) {
      expect(changesOf(`${rule}.cab-1-meter`, 'cab-1-meter', same(5, values))).toEqual([]);
    }
  });

  it('compares only values of one message', () => {
    const bench = newBench();
    bench.send('cab-1-meter', T0, volts(0, 0, 0));
    bench.send('cab-1-meter', T0 + MIN, { voltage_l1: 230 });
    expect(bench.active.has('phase-lost.cab-1-meter')).toBe(false);
  });
});

describe('maintenance', () => {
  it('is due by the hours run since the last service', () => {
    const own = [{ id: 'pump-service-due', exceptions: [{ asset: 'borehole-1', everyH: 2000, sinceH: 500 }] }];
    const hours = (pump_hours: number) => ({ pump_hours });
    const bench = newBench(own);
    changesOf('', 'borehole-1-pump', [hours(2499), hours(2500.5)], bench);
    expect(bench.raises()).toMatchObject([{ key: 'pump-service-due.borehole-1-pump', values: { runH: 2000 } }]);
  });

  it('is due by its date, in the time zone of its site', () => {
    const texts = Object.fromEntries(
      ['title', 'cause', 'consequence', 'action'].map((key) => [key, { ky: 'а', ru: 'б', en: 'c' }]),
    );
    const cleaning = {
      id: 'tank-cleaning',
      detect: 'due',
      on: { asset: 'tank-1' },
      date: '2026-11-04',
      priority: 'low',
      ...texts,
    };
    const bench = newBench([cleaning]);
    // NOVEMBER is the midnight that begins the second in the village.
    bench.goTo(T0 + 48 * HOUR - 1000, HOUR);
    expect(bench.changes).toEqual([]);
    bench.goTo(T0 + 48 * HOUR + 1000);
    expect(bench.raises()).toMatchObject([{ key: 'tank-cleaning.tank-1', asset: 'tank-1', device: null }]);
  });
});

describe('bad and late readings', () => {
  it('neither raises nor clears on what could not be read', () => {
    const level = [...same(3, { level: 2 }), ...same(5, { level: 0.5 }), ...same(5, { level: null })];
    expect(changesOf('tank-low.tank-1-level', 'tank-1-level', level)).toEqual(['raise 3']);
  });

  it('raises and clears nothing live on what is late: it opens a historical episode', () => {
    const bench = newBench();
    bench.send('tank-1-level', T0 + 10 * HOUR, { level: 2 });
    times(30, (i) => bench.send('tank-1-level', T0 + i * MIN, { level: i < 20 ? 0.5 : 2 }, T0 + 10 * HOUR));
    expect(bench.active.size).toBe(0);
    expect(bench.changes).toMatchObject([
      { kind: 'raise', key: 'tank-low.tank-1-level', isHistorical: true, at: T0 },
      { kind: 'return', isHistorical: true, at: T0 + 20 * MIN },
    ]);
  });

  it('clears no live alarm by a late reading', () => {
    const bench = newBench();
    times(3, (i) => bench.send('tank-1-level', T0 + 10 * HOUR + i * MIN, { level: 0.5 }));
    bench.send('tank-1-level', T0, { level: 3 }, T0 + 10 * HOUR + 3 * MIN);
    expect([...bench.active]).toEqual(['tank-low.tank-1-level']);
  });

  it('ends what a replay leaves open, once it has stopped, at its last reading', () => {
    const bench = newBench();
    bench.goTo(T0 + 100 * HOUR, HOUR);
    times(5, (i) => bench.send('tank-1-level', T0 + i * MIN, { level: 0.5 }));
    expect(bench.changes.map(({ kind }) => kind)).toEqual(['raise']);
    bench.goTo(T0 + 100 * HOUR + 2 * MIN);
    expect(bench.changes.at(-1)).toMatchObject({ kind: 'return', isHistorical: true, at: T0 + 4 * MIN });
  });

  it('takes a second replay of older times for a new one', () => {
    const bench = newBench();
    bench.goTo(T0 + 100 * HOUR, HOUR);
    times(5, (i) => bench.send('tank-1-level', T0 + 50 * HOUR + i * MIN, { level: 0.5 }));
    times(5, (i) => bench.send('tank-1-level', T0 + i * MIN, { level: 0.5 }));
    const told = bench.changes.map(({ kind, at }) => `${kind} ${(at - T0) / HOUR >= 50 ? 'later' : 'earlier'}`);
    expect(told).toEqual(['raise later', 'return later', 'raise earlier']);
  });
});

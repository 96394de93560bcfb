import { describe, expect, it } from 'vitest';
import { NO_MEMORY } from '../../../ingest/detect/detectors.ts';
import { evaluateSilence, type SilenceMemory } from '../../../ingest/detect/silence.ts';
import { plant as firstPlant, NOVEMBER, plant, rules } from '../../device-sim/village.ts';
import { type DetectBench, type DetectBenchOptions, startDetectBench } from '../../harness/detect.ts';
import { reading } from '../../harness/readings.ts';

const T0 = NOVEMBER;
const S = 1_000;
const MIN = 60 * S;
const HOUR = 60 * MIN;

function newBench(options: Partial<DetectBenchOptions> = {}): DetectBench {
  return startDetectBench({ plant, rules, fromMs: T0, ...options });
}

function toldOf({ changes }: DetectBench, key: string): string[] {
  return changes.filter((change) => change.key === key).map(({ kind, at }) => `${kind} ${(at - T0) / S}`);
}

/** A sensor that says nothing of interest, once a minute. */
function speak(bench: DetectBench, device: string, fromMin: number, toMin: number): void {
  for (let minute = fromMin; minute < toMin; minute++)
    bench.send(device, T0 + minute * MIN, { pressure: 3 + (minute % 7) / 100 });
}

describe('silence', () => {
  it('is evaluated purely: raised after its time, over after the off-delay', () => {
    const delays = { afterMs: 600, offDelayMs: 120 };
    let memory: SilenceMemory = { isActive: false, backAt: null };
    const table = [
      [0, 600, false],
      [0, 601, true],
      [700, 710, true],
      [700, 819, true],
      // Silent again before it was over: it has to be heard for long enough anew.
      [700, 1400, true],
      [1500, 1510, true],
      [1600, 1619, true],
      [1600, 1620, false],
    ] as const;
    for (const [heardAt, nowMs, isActive] of table) {
      memory = evaluateSilence(delays, memory, { heardAt, nowMs });
      expect(memory.isActive).toBe(isActive);
    }
  });

  it('raises one alarm after ten minutes, and returns two minutes after the device is back', () => {
    const bench = newBench();
    speak(bench, 'pressure-1', 0, 5);
    bench.goTo(T0 + 30 * MIN);
    speak(bench, 'pressure-1', 30, 40);
    expect(toldOf(bench, 'device-silent.pressure-1')).toEqual(['raise 841', 'return 1920']);
    expect(bench.raises()[0]).toMatchObject({
      detector: 'silence',
      metric: null,
      value: null,
      values: { silentMin: 10 },
    });
  });

  it('waits three intervals of a slow device', () => {
    const slow = { ...plant, devices: new Map(plant.devices) };
    const device = plant.devices.get('pressure-1');
    if (!device) throw new Error('no device');
    slow.devices.set('pressure-1', { ...device, everyS: 900 });
    const bench = newBench({ plant: slow });
    bench.send('pressure-1', T0, { pressure: 3 });
    bench.goTo(T0 + HOUR);
    expect(toldOf(bench, 'device-silent.pressure-1')).toEqual([`raise ${45 * 60 + 1}`]);
  });

  it('says nothing of a device that was never heard', () => {
    const bench = newBench();
    bench.goTo(T0 + 3 * HOUR, 10 * S);
    expect(bench.changes).toEqual([]);
  });

  it('raises a gateway before those behind it, so that it can be told as the cause', () => {
    const bench = newBench();
    bench.send('tank-1-level', T0, { level: 2 });
    bench.send('gw-tank-1', T0, { battery: 13 });
    bench.goTo(T0 + 15 * MIN);
    expect(bench.raises().map(({ key }) => key)).toEqual(['gateway-silent.gw-tank-1', 'device-silent.tank-1-level']);
  });

  it('takes a gateway for alive while one of its devices is heard', () => {
    const bench = newBench();
    bench.send('gw-tank-1', T0, { battery: 13 });
    for (let minute = 0; minute < 40; minute++)
      bench.send('tank-1-level', T0 + minute * MIN, { level: 2 + (minute % 5) / 100 });
    expect(bench.active.has('gateway-silent.gw-tank-1')).toBe(false);
  });

  it('names one value that is missing while its device speaks, and not those that report on change', () => {
    const bench = newBench();
    bench.send('treatment-1-quality', T0, { chlorine: 0.4, turbidity: 0.3, uv_ok: true });
    for (let minute = 1; minute < 45; minute++) {
      bench.send('treatment-1-quality', T0 + minute * MIN, {
        chlorine: 0.4 + (minute % 5) / 100,
        turbidity: minute < 5 ? 0.3 : null,
      });
    }
    expect([...bench.active]).toEqual(['value-missing.treatment-1-quality.turbidity']);
  });

  it('is not broken by a replay of long ago', () => {
    const bench = newBench();
    bench.goTo(T0 + 1000 * HOUR, HOUR);
    bench.send('pressure-1', T0, { pressure: 3 });
    bench.goTo(T0 + 1001 * HOUR, 10 * S);
    expect(bench.changes).toEqual([]);
  });

  it('is broken by a message whose values are of no use', () => {
    const bench = newBench();
    for (let minute = 0; minute < 40; minute++) bench.send('pressure-1', T0 + minute * MIN, { pressure: null });
    expect(bench.active.has('device-silent.pressure-1')).toBe(false);
  });
});

describe('silence over a restart', () => {
  const newest = [reading('pressure-1', 'pressure', T0, 3)];

  it('goes on where it was, without the time that the server was away', () => {
    const before = newBench();
    before.send('pressure-1', T0, { pressure: 3 });
    before.goTo(T0 + 8 * MIN);
    const memory = before.detectors.memory();
    const after = startDetectBench({ plant, rules, fromMs: T0 + 5 * HOUR, memory, newest });
    after.goTo(T0 + 5 * HOUR + 10 * MIN);
    expect(after.raises()).toMatchObject([{ at: T0 + 5 * HOUR + 2 * MIN + S, values: { silentMin: 10 } }]);
  });

  it('gives the devices time to come back first', () => {
    const memory = { ...NO_MEMORY, silence: { 'pressure-1': 9 * MIN + 55 * S } };
    const bench = newBench({ memory, newest });
    bench.goTo(T0 + 100 * S);
    bench.send('pressure-1', T0 + 100 * S, { pressure: 3 });
    bench.goTo(T0 + 5 * MIN);
    expect(bench.changes).toEqual([]);
  });

  it('keeps an open alarm open until the device is heard, also where nobody knows for how long it was silent', () => {
    const open = ['device-silent.pressure-1'];
    const bench = newBench({ newest, open });
    bench.goTo(T0 + HOUR);
    expect(bench.changes).toEqual([]);
    speak(bench, 'pressure-1', 61, 65);
    expect(toldOf(bench, 'device-silent.pressure-1')).toEqual([`return ${63 * 60}`]);
  });
});

describe("a device's clock", () => {
  const key = 'device-clock-off.pressure-1';

  function send(bench: DetectBench, minutes: number, offsetMs: (minute: number) => number): void {
    for (let minute = 0; minute < minutes; minute++) {
      const at = T0 + minute * MIN;
      bench.send('pressure-1', at + offsetMs(minute), { pressure: 3 + (minute % 5) / 100 }, at);
      bench.goTo(at + 2 * S);
    }
  }

  it('is told as wrong where it is always the same time behind, and as right once it is set', () => {
    const bench = newBench();
    send(bench, 60, (minute) => (minute < 40 ? -20 * MIN : 0));
    expect(toldOf(bench, key).map((each) => each.split(' ')[0])).toEqual(['raise', 'return']);
    expect(bench.raises()[0]).toMatchObject({ rule: 'device-clock-off', detector: 'clock', values: { behindS: 1200 } });
  });

  it('is told as wrong where it runs ahead', () => {
    const bench = newBench();
    send(bench, 40, () => 5 * MIN);
    expect(bench.raises()).toMatchObject([{ values: { aheadS: 300 } }]);
  });

  it('is not blamed for a backlog, nor for a replay', () => {
    const bench = newBench();
    send(bench, 60, (minute) => -(60 - minute) * MIN);
    send(bench, 60, (minute) => -1000 * HOUR + minute * HOUR);
    expect(toldOf(bench, key)).toEqual([]);
  });

  it('is not blamed for a link that needs minutes now and then', () => {
    const bench = newBench();
    send(bench, 120, (minute) => (minute % 3 === 0 ? -15 * MIN : 0));
    expect(toldOf(bench, key)).toEqual([]);
  });
});

describe('delays over a restart', () => {
  it('goes on in the middle of an on-delay', () => {
    const before = newBench();
    for (let minute = 0; minute < 8; minute++) before.send('treatment-1-quality', T0 + minute * MIN, { chlorine: 0.1 });
    expect(before.changes).toEqual([]);
    const memory = JSON.parse(JSON.stringify(before.detectors.memory()));
    const last = reading('treatment-1-quality', 'chlorine', T0 + 7 * MIN, 0.1);
    const after = startDetectBench({ plant: firstPlant, rules, fromMs: T0 + 8 * MIN, memory, newest: [last] });
    for (let minute = 8; minute < 13; minute++) after.send('treatment-1-quality', T0 + minute * MIN, { chlorine: 0.1 });
    expect(after.raises()).toMatchObject([{ key: 'chlorine-low.treatment-1-quality', at: T0 + 10 * MIN }]);
  });

  it('goes on in the middle of the hours of a frozen value', () => {
    const before = newBench();
    for (let minute = 0; minute < 600; minute++) before.send('tank-1-level', T0 + minute * MIN, { level: 2 });
    const memory = JSON.parse(JSON.stringify(before.detectors.memory()));
    const last = reading('tank-1-level', 'level', T0 + 599 * MIN, 2);
    const after = newBench({ memory, newest: [last], fromMs: T0 + 600 * MIN });
    for (let minute = 600; minute < 740; minute++) after.send('tank-1-level', T0 + minute * MIN, { level: 2 });
    expect(after.raises()).toMatchObject([{ key: 'sensor-frozen.tank-1-level.level', at: T0 + 720 * MIN }]);
  });

  it('does not raise again what is open, and clears it', () => {
    const after = newBench({
      open: ['tank-low.tank-1-level'],
      newest: [reading('tank-1-level', 'level', T0 - MIN, 0.5)],
    });
    after.send('tank-1-level', T0, { level: 0.5 });
    expect(after.changes).toEqual([]);
    for (let minute = 1; minute < 4; minute++) after.send('tank-1-level', T0 + minute * MIN, { level: 2 });
    expect(after.changes).toMatchObject([{ kind: 'return', key: 'tank-low.tank-1-level' }]);
  });

  it('keeps little while all is well', () => {
    const bench = newBench();
    for (let minute = 0; minute < 30; minute++)
      bench.send('tank-1-level', T0 + minute * MIN, { level: 2 + minute / 100 });
    expect(bench.detectors.memory().series).toEqual({});
  });
});

import { describe, expect, it } from 'vitest';
import { type Circuit, circuitFaults, circuitSchema } from '../../model/circuit.ts';
import { createCircuitSchedule } from '../../model/circuit-schedule.ts';
import { parseWith } from '../../model/fault.ts';

const HOUR_MS = 3_600_000;
const TORU = { lat: 42.4, lon: 76.4 };
const MIDNIGHT = Date.UTC(2026, 10, 22, 18);
const base = { id: 'c', site: 'toru', cabinet: 'cab', lamps: [], on: 'sunset', off: 'sunrise' };

function parsed(raw: Record<string, unknown>): Circuit {
  const result = parseWith(circuitSchema, { ...base, ...raw });
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  return result.value;
}

/** `path: message` each. */
function faultsOf(raw: Record<string, unknown>): string[] {
  const result = parseWith(circuitSchema, { ...base, ...raw });
  const faults = result.ok ? circuitFaults(result.value) : result.faults;
  return faults.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

/** `[local hour, percent]` of each step of the day. */
function stepsOf(raw: Record<string, unknown>, offsetH = (_: number) => 6): (readonly [number, number])[] {
  const localHour = (at: number) => ((at + offsetH(at) * HOUR_MS) / HOUR_MS) % 24;
  const schedule = createCircuitSchedule({ place: TORU, localHour });
  return schedule
    .steps(parsed(raw), MIDNIGHT + 20 * HOUR_MS)
    .map(({ atMs, percent }) => [Math.round(localHour(atMs) * 100) / 100, percent] as const);
}

describe('the schedule of a circuit', () => {
  it('is off at noon, on at night, and off again', () => {
    expect(stepsOf({}).map(([, percent]) => percent)).toEqual([0, 100, 0]);
  });

  it('has a window of darkness and windows of less light, over midnight too', () => {
    const steps = stepsOf({
      nightOff: ['00:30', '05:00'],
      dim: [
        { from: '23:00', to: '05:30', percent: 50 },
        { from: '22:00', to: '23:15', percent: 80 },
      ],
    });
    expect(steps.slice(2, -1)).toEqual([
      [22, 80],
      [23.25, 50],
      [0.5, 0],
      [5, 50],
      [5.5, 100],
    ]);
  });

  it('keeps to the sun where a window reaches into the day', () => {
    expect(
      stepsOf({ dim: [{ from: '12:00', to: '20:00', percent: 50 }] })
        .slice(1)
        .map(([, p]) => p),
    ).toEqual([50, 100, 0]);
  });

  it('goes by the clocks in a night in which they are changed', () => {
    const changedMs = MIDNIGHT + 26 * HOUR_MS;
    const steps = stepsOf({ nightOff: ['01:00', '05:00'] }, (at) => (at < changedMs ? 6 : 5));
    expect(steps.slice(2, -1)).toEqual([
      [1, 0],
      [5, 100],
    ]);
  });

  it('may be turned round: a day lamp burns from sunrise to sunset', () => {
    expect(stepsOf({ on: 'sunrise', off: 'sunset' }).map(([, percent]) => percent)).toEqual([100, 0, 100]);
  });
});

describe('a circuit of the plant file', () => {
  it.each(['sunset', 'sunrise-10m', 'sun-4deg', 'sun-4deg+5m', 'sun+0.5deg-90m'])('goes on at %s', (on) => {
    expect(faultsOf({ on })).toEqual([]);
  });

  it.each(['dusk', 'sun4deg', 'sun-4', 'sun-40deg', 'sunset+10', '18:00', 'sun-4deg5m'])(
    'does not go on at %s',
    (on) => {
      expect(faultsOf({ on })).toEqual([
        'on: expected sunset, sunrise or an altitude of the sun like sun-4deg, with an offset like +10m ' +
          `(got ${JSON.stringify(on)})`,
      ]);
    },
  );

  it.each([
    [{ cabinet: undefined }, ['cabinet: expected the cabinet that switches it, or control: photo-relays']],
    [{ control: 'photo-relays', cabinet: undefined }, []],
    [
      { control: 'photo-relays', contactor: 'd.contactor_on', nightOff: ['00:30', '05:00'] },
      ['contactor: lamps with photo-relays have no contactor', 'nightOff: a photo-relay knows no time'],
    ],
    [{ nightOff: ['01:00', '01:00'] }, ['nightOff: expected two different times']],
    [
      { nightOff: ['25:00', '5:00'] },
      [
        'nightOff.0: expected a local time like "23:30" (got "25:00")',
        'nightOff.1: expected a local time like "23:30" (got "5:00")',
      ],
    ],
    [{ dim: [{ from: '23:00', to: '23:00', percent: 50 }] }, ['dim.0.to: expected another time than from']],
  ])('%o has the faults %o', (raw, expected) => {
    expect(faultsOf(raw)).toEqual(expected);
  });
});

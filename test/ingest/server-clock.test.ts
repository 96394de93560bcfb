import { describe, expect, it } from 'vitest';
import { createServerClock, type ServerClock } from '../../ingest/server-clock.ts';
import { reading } from '../harness/readings.ts';

const S = 1_000;
const MIN = 60 * S;
const H = 60 * MIN;
const DAY = 24 * H;
const YEAR = 365 * DAY;
const RELEASED = Date.UTC(2026, 10, 23);
const T = RELEASED + 100 * DAY;

/** A machine and its true time; the clock is `offMs` off it. */
function machine(offMs = 0) {
  const state = { trueMs: T, offMs, isUnsynchronised: false };
  const system = {
    now: () => state.trueMs + state.offMs,
    uptimeMs: () => state.trueMs - T + 5 * S,
    isUnsynchronised: () => state.isUnsynchronised,
  };
  return { state, clock: createServerClock(system, RELEASED) };
}

/** Each device says how far off the true time it is. */
function hear(clock: ServerClock, trueMs: number, offsMs: readonly number[]) {
  clock.heard(offsMs.map((offMs, i) => reading(`d${i}`, 'level', trueMs + offMs, 1)));
}

describe('a server clock that is right', () => {
  it('is believed, and lets a device be 10 min ahead and no more', () => {
    const { clock } = machine();
    hear(clock, T, [0, -S, -2 * S]);
    expect([clock.fault(), clock.now(), clock.look().latestTs]).toEqual([null, T, T + 10 * MIN]);
  });

  it('is believed also where nothing was ever stored', () => {
    expect(machine().clock.fault()).toBeNull();
  });
});

describe('a server clock is suspected', () => {
  it.each([
    ['before the release', -T, [], 'before-release'],
    ['a year behind three devices', -YEAR / 4, [0, 0, 0], 'behind-readings'],
    ['a year behind the only device', -YEAR / 4, [0], 'behind-readings'],
    ['11 min behind its devices', -11 * MIN, [0, 0, 0, 0], 'behind-readings'],
    ['9 min behind its devices', -9 * MIN, [0, 0, 0, 0], null],
    ['right, with one device of three 3 h ahead', 0, [3 * H, 0, 0], null],
    ['right, with two devices of many years ahead', 0, [YEAR, YEAR, 0, 0, 0], null],
    ['right, with one of two devices a year ahead', 0, [YEAR, 0], null],
    ['an hour ahead', H, [0, 0, 0], null],
  ])('when it is %s', (_, offMs, offsMs, fault) => {
    const { clock } = machine(offMs);
    hear(clock, T, offsMs);
    expect(clock.fault()).toBe(fault);
  });

  it('when the operating system says that it is not synchronised', () => {
    const { state, clock } = machine();
    state.isUnsynchronised = true;
    expect([clock.fault(), clock.now()]).toEqual(['unsynchronised', T]);
  });

  it('as soon as it jumps back, though nothing has come for an hour', () => {
    const { state, clock } = machine();
    hear(clock, T, [0, 0, 0]);
    state.trueMs += H;
    expect(clock.fault()).toBeNull();
    state.offMs = -11 * MIN;
    expect([clock.fault(), clock.now()]).toEqual(['behind-readings', T + H]);
  });

  it('also while a backlog of yesterday is delivered', () => {
    const { state, clock } = machine();
    hear(clock, T, [0, 0, 0]);
    state.trueMs += 2 * H;
    state.offMs = -H;
    hear(clock, T, [S, S, S]);
    expect(clock.fault()).toBe('behind-readings');
  });
});

describe('while the server clock is suspected', () => {
  it('time goes on from what three devices say, and readings of the future are let in', () => {
    const { state, clock } = machine(-T);
    hear(clock, T, [-S, -2 * S, -3 * S]);
    expect(clock.now()).toBe(T - 3 * S);
    state.trueMs += MIN;
    expect(clock.now()).toBe(T + MIN - 3 * S);
    expect(clock.look().latestTs).toBeGreaterThan(T + YEAR);
  });

  it('time leaps as soon as devices tell of a later one', () => {
    const { clock } = machine(-T);
    hear(clock, T - DAY, [0, 0, 0]);
    hear(clock, T, [0, 0]);
    expect(clock.now()).toBe(T - DAY);
    hear(clock, T, [0, 0, 0]);
    expect(clock.now()).toBe(T);
  });

  it('a time twenty years after the release is still not believed', () => {
    const { clock } = machine(-T);
    expect(clock.look().latestTs).toBeLessThan(RELEASED + 20.1 * YEAR);
  });

  it('its own time is all there is where nothing was ever stored', () => {
    const { clock } = machine(-T + 12 * S);
    expect([clock.fault(), clock.now()]).toEqual(['before-release', 12 * S]);
  });

  it('nothing but setting it right ends that, and then the check is on again', () => {
    const { state, clock } = machine(-YEAR / 4);
    hear(clock, T, [0, 0, 0]);
    state.trueMs += H;
    hear(clock, T + H, [5 * S, 0, 0]);
    expect(clock.fault()).toBe('behind-readings');
    state.offMs = 0;
    expect([clock.fault(), clock.now(), clock.look().latestTs]).toEqual([null, T + H, T + H + 10 * MIN]);
  });
});

describe('devices without a clock', () => {
  const receipts = (clock: ServerClock, ts: number) =>
    clock.heard([1, 2, 3].map((n) => ({ ...reading(`plain-${n}`, 'level', ts, 1), quality: 'uncertain' as const })));

  it('show a jump back of more than a day by their times of receipt', () => {
    const { state, clock } = machine();
    receipts(clock, T);
    state.offMs = -2 * DAY;
    expect([clock.fault(), clock.now()]).toEqual(['behind-readings', T]);
  });

  it('raise no suspicion when a clock that ran an hour fast is set right', () => {
    const { state, clock } = machine(H);
    receipts(clock, T + H);
    state.offMs = 0;
    expect([clock.fault(), clock.now()]).toEqual([null, T]);
  });

  it('have no say where others have a clock', () => {
    const { state, clock } = machine(YEAR);
    receipts(clock, T + YEAR);
    hear(clock, T, [0]);
    state.trueMs += 2 * S;
    hear(clock, T, [0]);
    state.offMs = 0;
    expect(clock.fault()).toBeNull();
  });
});

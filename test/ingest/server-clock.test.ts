import { describe, expect, it } from 'vitest';
import { type ClockOptions, createServerClock, type ServerClock } from '../../ingest/server-clock.ts';
import type { DeviceId } from '../../model/ids.ts';
import { reading } from '../harness/readings.ts';

const S = 1_000;
const MIN = 60 * S;
const H = 60 * MIN;
const DAY = 24 * H;
const YEAR = 365 * DAY;
const RELEASED = Date.UTC(2026, 10, 23);
const T = RELEASED + 100 * DAY;

/** Each device is a clock of its own, unless its name says behind which gateway it is, and reports every minute. */
const OPTIONS: ClockOptions = {
  releasedAtMs: RELEASED,
  agreedBefore: [],
  soundUntilMs: null,
  rootOf: (device) => (device.split('/')[0] ?? device) as DeviceId,
  everyMs: () => MIN,
};

/** A machine and its true time; the clock is `offMs` off it. */
function machine(offMs = 0, options: Partial<ClockOptions> = {}) {
  const state = { trueMs: T, offMs, isUnsynchronised: false };
  const system = {
    now: () => state.trueMs + state.offMs,
    uptimeMs: () => state.trueMs - T + 5 * S,
    isUnsynchronised: () => state.isUnsynchronised,
  };
  return { state, system, clock: createServerClock(system, { ...OPTIONS, ...options }) };
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
    ['an hour ahead, as one message of each says', H, [0, 0, 0], null],
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

/** Reports of a minute, each source with the offsets of its devices, and a jump of the machine's clock after `at` of them. */
describe('a server clock that is ahead', () => {
  const NONE: readonly string[] = [];
  const reports = (m: ReturnType<typeof machine>, offsMs: Readonly<Record<string, number>>, count: number) => {
    for (let i = 0; i < count; i++) {
      const sent = Object.entries(offsMs).map(([device, offMs]) => reading(device, 'level', m.state.trueMs + offMs, 1));
      m.clock.heard(sent);
      m.state.trueMs += MIN;
    }
  };
  const three = { a: 0, b: -S, c: -2 * S };
  const gateway = { 'gw/1': 0, 'gw/2': 0, 'gw/3': 0 };
  const behind = (offsMs: Readonly<Record<string, number>>, byMs: number) =>
    Object.fromEntries(Object.entries(offsMs).map(([device, offMs]) => [device, offMs - byMs]));

  it.each([
    ['an hour', H],
    ['11 min', 11 * MIN],
    ['a day', DAY],
    ['12 years', 12 * YEAR],
  ])('is suspected at once when it jumps %s ahead of what devices have confirmed', (_, offMs) => {
    const m = machine();
    reports(m, three, 3);
    m.state.offMs = offMs;
    expect([m.clock.fault(), m.clock.now()]).toEqual(['ahead-of-readings', m.state.trueMs - 2 * S]);
    reports(m, three, 30);
    expect(m.clock.fault()).toBe('ahead-of-readings');
    m.state.offMs = 0;
    expect([m.clock.fault(), m.clock.now()]).toEqual([null, m.state.trueMs]);
  });

  it('is suspected also where one gateway is all there is, since the jump was seen', () => {
    const m = machine();
    reports(m, gateway, 3);
    m.state.offMs = H;
    expect(m.clock.fault()).toBe('ahead-of-readings');
  });

  it.each([
    ['by an hour, of those who agreed with it before', H, three, ['a', 'b', 'c'], 'ahead-of-readings'],
    ['by an hour, of whom nothing is known: it may be their time zone', H, three, NONE, null],
    ['by 11 min, of whom nothing is known', 11 * MIN, three, NONE, 'ahead-of-readings'],
    ['by a day, of whom nothing is known', DAY, three, NONE, 'ahead-of-readings'],
    ['by 12 years, of whom nothing is known', 12 * YEAR, three, NONE, 'ahead-of-readings'],
    ['by two of two', 11 * MIN, { a: 0, b: 0 }, NONE, 'ahead-of-readings'],
    ['by all devices of one gateway', 11 * MIN, gateway, ['gw'], null],
    ['by the only device', 11 * MIN, { a: 0 }, ['a'], null],
    ['by three who do not agree with each other', 40 * MIN, { a: 0, b: 5 * MIN, c: 10 * MIN }, NONE, null],
  ] as const)('at the start, as it is said %s', (_, offMs, offsMs, agreedBefore, fault) => {
    const m = machine(offMs, { agreedBefore });
    reports(m, offsMs, 3);
    expect(m.clock.fault()).toBe(fault);
    // Where it cannot be known, what comes late by the same time again and again is of now all the same.
    const device = Object.keys(offsMs)[0] as DeviceId;
    if (fault === null) expect(m.clock.lagMs(device)).toBeGreaterThan(0.9 * offMs);
    else expect(m.clock.lagMs(device)).toBe(0);
  });

  it.each([
    ['one gateway in the wrong time zone, others right', { ...behind(gateway, 6 * H), d: 0 }],
    ['one gateway in the wrong time zone and nobody else', behind(gateway, 6 * H)],
    ['one device of three an hour behind', { a: 0, b: 0, c: -H }],
    ['all but one an hour behind', { a: 0, b: -H, c: -H, d: -H }],
    ['a replay of 2019 at the speed of life', behind(three, 8 * YEAR)],
  ])('is not what a right clock is taken for, with %s', (_, offsMs) => {
    const m = machine();
    reports(m, offsMs, 30);
    expect(m.clock.fault()).toBeNull();
  });

  it('is not what a right clock is taken for when all gateways fall back that agreed before', () => {
    const m = machine();
    reports(m, three, 5);
    reports(m, behind(three, H), 30);
    expect(m.clock.fault()).toBeNull();
    expect(m.clock.lagMs('a' as DeviceId)).toBe(H);
  });

  it.each([
    ['as fast as it can', 100, MIN],
    ['a message a second', S, MIN],
    ['twice as fast as it was measured', 30 * S, MIN],
  ])('is not what a right clock is taken for while all deliver a backlog of a night, %s', (_, everyMs, stepMs) => {
    const m = machine(0, { agreedBefore: ['a', 'b', 'c'] });
    let at = m.state.trueMs - 10 * H;
    while (at < m.state.trueMs) {
      m.clock.heard(['a', 'b', 'c'].map((device) => reading(device, 'level', at, 1)));
      expect(m.clock.fault()).toBeNull();
      expect(m.clock.lagMs('a' as DeviceId)).toBe(0);
      m.state.trueMs += everyMs;
      at += stepMs;
    }
  });

  it('is told for an hour where nobody has a clock, and then taken as set', () => {
    const m = machine();
    const receipt = () => m.clock.heard([{ ...reading('a', 'level', m.clock.now(), 1), isReceipt: true }]);
    receipt();
    m.state.offMs = DAY;
    receipt();
    expect([m.clock.fault(), m.clock.now(), m.clock.isSound()]).toEqual(['jumped-ahead', m.state.trueMs + DAY, false]);
    m.state.trueMs += H;
    expect([m.clock.fault(), m.clock.isSound()]).toEqual([null, false]);
  });

  it.each([
    ['in 1970', -T],
    ['two days behind what it has stored', -2 * DAY],
  ])('is no jump where it woke %s and was set right', (_, offMs) => {
    const m = machine(offMs);
    m.clock.recall([{ ...reading('a', 'level', T, 1), quality: 'uncertain' }]);
    expect(m.clock.fault()).not.toBeNull();
    m.state.offMs = 0;
    expect(m.clock.fault()).toBeNull();
  });

  it('is no jump where a device has said the time a moment before it was set', () => {
    const m = machine(-H);
    m.clock.recall([reading('a', 'level', T - H - MIN, 1)]);
    m.clock.heard([reading('a', 'level', T - H, 1)]);
    m.state.offMs = 0;
    expect(m.clock.fault()).not.toBe('jumped-ahead');
  });

  it('is no jump where the operating system says that the clock is synchronised', () => {
    const m = machine();
    Object.assign(m.system, { isSynchronised: () => true });
    m.clock.heard([{ ...reading('a', 'level', m.clock.now(), 1), isReceipt: true }]);
    m.state.offMs = DAY;
    expect([m.clock.fault(), m.clock.isSound()]).toEqual([null, true]);
  });

  it('is believed again when it comes back, whatever it has stamped meanwhile', () => {
    const m = machine();
    m.state.offMs = 30 * DAY;
    m.clock.heard([{ ...reading('a', 'level', m.clock.now(), 1), isReceipt: true }]);
    expect(m.clock.fault()).toBe('jumped-ahead');
    m.state.offMs = 0;
    expect([m.clock.fault(), m.clock.now()]).toEqual([null, m.state.trueMs]);
  });

  it('leaves no word behind: its times of receipt vouch for nothing at the next start', () => {
    const stamped = { ...reading('a', 'level', T + 30 * DAY, 1), quality: 'uncertain' as const };
    const m = machine(0, { soundUntilMs: T });
    m.clock.recall([stamped]);
    expect([m.clock.fault(), m.clock.now()]).toEqual([null, T]);
  });

  it('that has run over counts from what is stored', () => {
    const m = machine(80 * YEAR);
    m.clock.recall([{ ...reading('a', 'level', T - MIN, 1), quality: 'uncertain' as const }]);
    expect([m.clock.fault(), m.clock.now()]).toEqual(['after-lifetime', T - MIN]);
  });

  it('forgets nothing after a start 91 days later than it was sound, until devices confirm it', () => {
    const m = machine(0, { soundUntilMs: T - 91 * DAY });
    expect([m.clock.fault(), m.clock.isSound()]).toEqual([null, false]);
    reports(m, { a: 0 }, 1);
    expect(m.clock.isSound()).toBe(true);
  });
});

describe('a device years ahead', () => {
  it('carries nobody with it while the operating system says that the clock is not synchronised', () => {
    const { state, clock } = machine();
    state.isUnsynchronised = true;
    hear(clock, T, [10 * YEAR]);
    expect([clock.fault(), clock.now()]).toEqual(['unsynchronised', T]);
  });

  it('is forgiven once it keeps to the present', () => {
    const { state, clock } = machine(-YEAR / 4);
    hear(clock, T, [YEAR / 2]);
    for (let i = 0; i < 3; i++) {
      state.trueMs += MIN;
      hear(clock, state.trueMs, [0]);
    }
    expect(clock.now()).toBe(state.trueMs);
  });

  it('that agreed at the end is let in at the start, until somebody has confirmed the clock', () => {
    const { clock } = machine(-30 * MIN, { agreedBefore: ['d0'] });
    expect(clock.look('d0' as DeviceId).latestTs).toBeGreaterThan(T + YEAR);
    expect(clock.look('d1' as DeviceId).latestTs).toBe(T - 20 * MIN);
    hear(clock, T, [0]);
    expect([clock.fault(), clock.now()]).toEqual(['behind-readings', T]);
  });
});

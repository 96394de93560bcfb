import { beforeEach, describe, expect, it } from 'vitest';
import { createLiveState, type LiveState } from '../../ingest/live-state.ts';
import type { LiveValue } from '../../model/reading.ts';
import { reading, smallPlant } from '../harness/readings.ts';

const START = Date.UTC(2026, 10, 23);

describe('live state', () => {
  let now = START;
  let live: LiveState;
  let told: LiveValue[];

  beforeEach(() => {
    now = START;
    live = createLiveState({ plant: smallPlant(), now: () => now });
    told = [];
    live.onChange((changed) => told.push(...changed));
  });

  it('keeps the newest by device time, whatever order they come in', () => {
    live.apply([reading('tank-1-level', 'level', START, 2)]);
    live.apply([reading('tank-1-level', 'level', START - 60_000, 9)]);
    expect(live.values()).toMatchObject([{ site: 'toru', value: 2, ts: START }]);
    expect(told).toHaveLength(1);
  });

  it('gives back the readings it took over, and tells of the newest of a series only', () => {
    const taken = live.apply([
      reading('tank-1-level', 'level', START - 2, 1),
      reading('tank-1-level', 'level', START - 1, 2),
      reading('tank-1-level', 'level', START - 3, 9),
      reading('plain', 'pressure', START, 3),
    ]);
    expect(taken.map((r) => r.value)).toEqual([1, 2, 3]);
    expect(told.map((v) => v.value)).toEqual([2, 3]);
  });

  it('turns a periodic value stale after three silent intervals, says so once, and keeps the last value', () => {
    live.apply([reading('tank-1-level', 'level', START, 2)]);
    now = START + 180_000;
    live.sweep();
    expect(live.values()[0]?.quality).toBe('good');
    now += 1;
    live.sweep();
    live.sweep();
    expect(told.map((v) => [v.value, v.quality])).toEqual([
      [2, 'good'],
      [2, 'stale'],
    ]);
  });

  it('believes an on-change value as long as its device speaks at all', () => {
    live.apply([reading('pump-1', 'pump_running', START, 1)]);
    now = START + 3_600_000;
    live.apply([reading('pump-1', 'active_power', now, 5000)]);
    live.sweep();
    expect(live.values().map((v) => v.quality)).toEqual(['good', 'good']);
    now += 180_001;
    live.sweep();
    expect(live.values().map((v) => v.quality)).toEqual(['stale', 'stale']);
  });

  it('shows what could not be read as bad, without a value', () => {
    live.apply([reading('tank-1-level', 'level', START, null)]);
    expect(live.values()).toMatchObject([{ value: null, quality: 'bad' }]);
  });

  it('forgets nothing and shows nothing of devices that left the plant', () => {
    live.apply([reading('gone', 'level', START, 1)]);
    expect(live.values()).toEqual([]);
    expect(told).toEqual([]);
  });
});

describe('live state and clocks', () => {
  const MIN = 60_000;
  const YEAR = 365 * 24 * 60 * MIN;
  const time = { now: START, uptime: 0, lag: 0 };
  const gone: number[] = [];
  let live: LiveState;
  const receipt = (ts: number, value: number) => ({
    ...reading('tank-1-level', 'level', ts, value),
    quality: 'uncertain' as const,
    isReceipt: true,
  });
  const own = (ts: number, value: number) => ({ ...reading('tank-1-level', 'level', ts, value), isReceipt: false });
  const level = () => live.values()[0];
  const pass = (ms: number) => {
    time.now += ms;
    time.uptime += ms;
  };

  beforeEach(() => {
    Object.assign(time, { now: START, uptime: 0, lag: 0 });
    gone.length = 0;
    live = createLiveState({
      plant: smallPlant(),
      now: () => time.now,
      uptimeMs: () => time.uptime,
      lagMs: () => time.lag,
      onFuture: ({ ts }) => gone.push(ts),
    });
  });

  it.each([
    ['11 min', 11 * MIN],
    ['12 years', 12 * YEAR],
    ['-11 min', -11 * MIN],
    ['-50 years', -50 * YEAR],
  ])('takes a receipt after any other, though the clock went back from %s off', (_, offMs) => {
    live.apply([receipt(START + offMs, 2)]);
    pass(MIN);
    expect(live.apply([receipt(START + MIN, 3)])).toHaveLength(1);
    expect(level()).toMatchObject({ value: 3, quality: 'uncertain' });
  });

  it('takes a receipt after one of a former run, and after a time of the device', () => {
    live.recall([{ ...reading('tank-1-level', 'level', START + 12 * YEAR, 9), quality: 'uncertain' }]);
    expect(level()?.quality).toBe('stale');
    live.apply([receipt(START, 2)]);
    live.apply([own(START + 5 * MIN, 3)]);
    live.apply([receipt(START + 1, 4)]);
    expect(level()).toMatchObject({ value: 4 });
  });

  it('dates a receipt by the uptime when the device finds its clock again', () => {
    live.apply([receipt(START + 9 * MIN, 2)]);
    pass(MIN);
    expect(live.apply([own(START - 1, 1)])).toEqual([]);
    live.apply([own(START + MIN, 3)]);
    expect(level()).toMatchObject({ value: 3, quality: 'good' });
  });

  it('counts the age of a receipt by the uptime, whatever is done to the clock', () => {
    live.apply([receipt(START, 2)]);
    time.now += 12 * YEAR;
    live.sweep();
    expect(level()?.quality).toBe('uncertain');
    pass(3 * MIN + 1);
    live.sweep();
    expect(level()?.quality).toBe('stale');
  });

  it('goes back to what was there before a value from the future, and tells of it once', () => {
    live.apply([own(START, 2)]);
    live.apply([own(START + 10 * YEAR, 9)]);
    live.sweep();
    live.sweep();
    expect(level()).toMatchObject({ value: 2, quality: 'good', ts: START });
    expect(gone).toEqual([START + 10 * YEAR]);
    live.apply([own(START + MIN, 3)]);
    expect(level()).toMatchObject({ value: 3 });
  });

  it('lets a value from the future of a former run give way to the first that is not', () => {
    live.recall([own(START + 10 * YEAR, 9)]);
    live.apply([own(START - 10_000, 3)]);
    expect(level()).toMatchObject({ value: 3, quality: 'good' });
  });

  it('believes, with a doubt, what comes late by the same time again and again, until it falls silent', () => {
    time.lag = 60 * MIN;
    live.apply([own(START - 60 * MIN, 3)]);
    expect(level()).toMatchObject({ value: 3, quality: 'uncertain' });
    pass(3 * MIN + 1);
    live.sweep();
    expect(level()?.quality).toBe('stale');
  });
});

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

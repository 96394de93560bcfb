import { describe, expect, it } from 'vitest';
import { limits } from '../../../ingest/detect/limits.ts';
import { createSeriesWatcher } from '../../../ingest/detect/series-watch.ts';
import type { ConditionChange } from '../../../model/condition.ts';
import { staleAfterMs } from '../../../model/reading.ts';
import type { LimitWatch, SeriesWatch } from '../../../model/watch.ts';
import { watchesOf } from '../../../model/watches.ts';
import { rulesFor } from '../../harness/detect.ts';
import { reading, smallPlant } from '../../harness/readings.ts';

const plant = smallPlant();
const text = { ky: 'a', ru: 'b', en: 'c' };
const texts = { title: text, cause: text, consequence: text, action: text };

function limit(fields: object): LimitWatch {
  const rule = { id: 'r', on: { metric: 'level' }, priority: 'low', ...texts, ...fields };
  const watch = watchesOf(rulesFor(plant, [rule]), plant).find((w) => w.rule === 'r');
  if (watch?.detect !== 'limit') throw new Error('no limit');
  return watch;
}

/** Values at one a minute; gives when the condition was on. */
function run(watch: LimitWatch, values: readonly (number | null)[], everyS = 30): boolean[] {
  let memory = limits.start;
  return values.map((value, i) => {
    memory = limits.evaluate(watch, memory, sample(i * 60_000, value, i === 0 ? everyS * 1000 : 60_000));
    return memory.isActive;
  });
}

function sample(ts: number, value: number | null, gapMs: number, wasSilent = false) {
  return { metric: 'level' as never, ts, value, gapMs, wasSilent, newest: [] };
}

describe('limits', () => {
  it('raises below, and returns only past the deadband', () => {
    const low = limit({ below: 1, deadband: 0.25 });
    expect(run(low, [1.1, 0.9, 1.1, 1.24, 1.25, 1.1])).toEqual([false, true, true, true, false, false]);
  });

  it('raises above, and returns only past the deadband', () => {
    const high = limit({ above: 3.8, deadband: 0.05 });
    expect(run(high, [3.8, 3.81, 3.77, 3.75])).toEqual([false, true, true, false]);
  });

  it('raises on both sides of a range', () => {
    const range = limit({ below: 1, above: 3, deadband: 0.1 });
    expect(run(range, [2, 0.9, 1.05, 2, 3.1, 2.95, 2.9])).toEqual([false, true, true, false, true, true, false]);
  });

  it('raises on a state', () => {
    const stopped = limit({ on: { metric: 'pump_running' }, is: false });
    expect(run(stopped, [1, 0, 0, 1])).toEqual([false, true, true, false]);
  });

  it('waits the on-delay and the off-delay in device time, begun anew by every break', () => {
    const low = limit({ below: 1, onDelayS: 120, offDelayS: 120 });
    expect(run(low, [0, 0, 2, 0, 0, 0, 2, 0, 2, 2, 2])).toEqual([
      ...[false, false, false, false, false, true],
      ...[true, true, true, true, false],
    ]);
  });

  it('takes the first reading where they come no oftener than the delay', () => {
    expect(run(limit({ below: 1, onDelayS: 60 }), [2, 0], 60)).toEqual([false, true]);
  });

  it('takes no spike of a device that reports oftener than it promised', () => {
    let memory = limits.start;
    const low = limit({ below: 1, onDelayS: 60 });
    for (const [second, value] of [2, 2, 0, 2].entries()) {
      memory = limits.evaluate(low, memory, sample(second * 1000, value, 1000));
      expect(memory.isActive).toBe(false);
    }
  });

  it('neither raises nor clears on what could not be read', () => {
    const low = limit({ below: 1, onDelayS: 120 });
    expect(run(low, [null, 0, null, 0, null, 2])).toEqual([false, false, false, true, true, false]);
  });

  it('judges the mean of a time where the rule says so, once that is filled', () => {
    const mean = limit({ above: 3, meanS: 300 });
    expect(run(mean, [9, 9, 9, 9, 9, 0, 0, 0, 0, 0])).toEqual([
      ...[false, false, false, false, true],
      ...[true, true, true, false, false],
    ]);
    expect(run(mean, [2, 2, 2, 2, 6, 2, 2, 2]).some(Boolean)).toBe(false);
  });

  it('keeps the same memory while nothing changes', () => {
    const low = limit({ below: 1, onDelayS: 60, deadband: 0.1 });
    expect(limits.evaluate(low, limits.start, sample(0, 2, 1000))).toBe(limits.start);
  });
});

describe('the watch over series', () => {
  const pumpOff = {
    id: 'pump-off',
    on: { metric: 'pump_running' },
    is: false,
    onDelayS: 120,
    priority: 'low',
    ...texts,
  };
  const low = { id: 'low', on: { metric: 'level' }, below: 1, onDelayS: 120, priority: 'low', ...texts };

  function watcher(rule: { id: string; onDelayS: number }) {
    const told: ConditionChange[] = [];
    const watches = watchesOf(rulesFor(plant, [rule]), plant).filter((w) => w.rule === rule.id) as SeriesWatch[];
    const options = { plant, watches, isHistorical: false, memory: {}, isActive: () => false };
    return { told, ...createSeriesWatcher({ ...options, tell: (change) => told.push(change) }) };
  }

  it('raises on an on-change value whose delay runs out while its device speaks of other things', () => {
    const { take, told } = watcher(pumpOff);
    const power = (second: number) => take(reading('pump-1', 'active_power', second * 1000, 0));
    take(reading('pump-1', 'pump_running', 0, 0));
    power(60);
    power(120);
    expect(told).toEqual([]);
    // The message of 120 s might have told of the pump after its power; that of 180 s shows that it did not.
    power(180);
    expect(told).toMatchObject([{ kind: 'raise', at: 120_000 }]);
  });

  it('believes the news of an on-change value before its old one', () => {
    const { take, told } = watcher(pumpOff);
    take(reading('pump-1', 'pump_running', 0, 0));
    take(reading('pump-1', 'active_power', 60_000, 0));
    take(reading('pump-1', 'active_power', 120_000, 900));
    take(reading('pump-1', 'pump_running', 120_000, 1));
    take(reading('pump-1', 'active_power', 180_000, 900));
    expect(told).toEqual([]);
  });

  const receipt = (second: number, value: number) => ({
    ...reading('tank-1-level', 'level', second * 1000, value),
    isReceipt: true,
  });

  it.each([
    ['ahead by an hour', 3_600],
    ['back by an hour', -3_600],
    ['back by 11 min', -660],
    ['ahead by 12 years', 12 * 365 * 86_400],
  ])('goes on with a delay where it was when the clock of the receipts is set %s', (_, byS) => {
    const fromS = 20 * 365 * 86_400;
    const { take, shiftReceipts, told } = watcher({ ...low, onDelayS: 240 });
    for (const s of [0, 60, 120]) take(receipt(fromS + s, 0.5));
    shiftReceipts(byS * 1000);
    take(receipt(fromS + byS + 180, 0.5));
    expect(told).toEqual([]);
    take(receipt(fromS + byS + 240, 0.5));
    expect(told).toMatchObject([{ kind: 'raise', at: (fromS + byS + 240) * 1000 }]);
  });

  it('judges the news that follows a time from the future', () => {
    const { take, told } = watcher(low);
    take(reading('tank-1-level', 'level', 1e12, 2));
    for (const second of [0, 60, 120, 180]) take(reading('tank-1-level', 'level', second * 1000, 0.5));
    expect(told).toMatchObject([{ kind: 'raise', at: 120_000 }]);
  });

  it('takes over a delay that was kept by a clock which was ahead as one that has run until now', () => {
    const told: ConditionChange[] = [];
    const watches = watchesOf(rulesFor(plant, [low]), plant).filter(({ rule }) => rule === 'low') as SeriesWatch[];
    const memory = { [watches[0]?.key ?? '']: { isActive: false, crossedAt: 1e12 } };
    const options = { plant, watches, isHistorical: false, memory, nowMs: 0, isActive: () => false };
    const { take, recall } = createSeriesWatcher({ ...options, tell: (change) => told.push(change) });
    recall(reading('tank-1-level', 'level', 0, 0.5));
    take(reading('tank-1-level', 'level', 60_000, 0.5));
    take(reading('tank-1-level', 'level', 120_000, 0.5));
    expect(told).toMatchObject([{ kind: 'raise', at: 120_000 }]);
  });

  it('begins the delay anew after a silence', () => {
    const { take, told } = watcher(low);
    const silence = staleAfterMs(60) + 1000;
    take(reading('tank-1-level', 'level', 0, 0));
    take(reading('tank-1-level', 'level', silence, 0));
    expect(told).toEqual([]);
    take(reading('tank-1-level', 'level', silence + 60_000, 0));
    take(reading('tank-1-level', 'level', silence + 120_000, 0));
    expect(told).toMatchObject([{ kind: 'raise', key: 'low.tank-1-level', at: silence + 120_000, value: 0, limit: 1 }]);
  });

  it('judges at the next sign of life what stood before a restart and may never have been judged', () => {
    const { take, recall, told } = watcher(pumpOff);
    recall(reading('pump-1', 'pump_running', 0, 0));
    for (const minute of [1, 2, 3, 4]) take(reading('pump-1', 'active_power', minute * 60_000, 0));
    expect(told).toMatchObject([{ kind: 'raise', key: 'pump-off.pump-1' }]);
  });
});

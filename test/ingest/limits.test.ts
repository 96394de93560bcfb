import { describe, expect, it } from 'vitest';
import { createLimitWatch } from '../../ingest/detect/limit-watch.ts';
import { evaluateLimit, type LimitMemory, NOT_ACTIVE } from '../../ingest/detect/limits.ts';
import { type LimitRule, parseRules } from '../../model/rule.ts';
import { reading, smallPlant } from '../harness/readings.ts';

function rule(fields: object): LimitRule {
  const title = { ky: 'a', ru: 'b', en: 'c' };
  const parsed = parseRules([{ id: 'r', on: { metric: 'level' }, priority: 'low', title, ...fields }], null);
  if (!parsed.ok || !parsed.value[0]) throw new Error('no rule');
  return parsed.value[0];
}

/** Values at one a minute; gives when the condition was on. */
function run(limit: LimitRule, values: readonly (number | null)[], everyS = 30): boolean[] {
  let memory: LimitMemory = NOT_ACTIVE;
  return values.map((value, i) => {
    memory = evaluateLimit(limit, memory, { ts: i * 60_000, value }, everyS);
    return memory.isActive;
  });
}

describe('limits', () => {
  it('raises below, and returns only past the deadband', () => {
    const low = rule({ below: 1, deadband: 0.25 });
    expect(run(low, [1.1, 0.9, 1.1, 1.24, 1.25, 1.1])).toEqual([false, true, true, true, false, false]);
  });

  it('raises above, and returns only past the deadband', () => {
    const high = rule({ above: 3.8, deadband: 0.05 });
    expect(run(high, [3.8, 3.81, 3.77, 3.75])).toEqual([false, true, true, false]);
  });

  it('raises on a state', () => {
    const fault = rule({ on: { metric: 'pump_fault' }, is: true });
    expect(run(fault, [0, 1, 1, 0])).toEqual([false, true, true, false]);
  });

  it('waits the on-delay and the off-delay in device time, begun anew by every break', () => {
    const low = rule({ below: 1, onDelayS: 120, offDelayS: 120 });
    expect(run(low, [0, 0, 2, 0, 0, 0, 2, 0, 2, 2, 2])).toEqual([
      ...[false, false, false, false, false, true],
      ...[true, true, true, true, false],
    ]);
  });

  it('takes the first reading where they come no oftener than the delay', () => {
    expect(run(rule({ below: 1, onDelayS: 60 }), [2, 0], 60)).toEqual([false, true]);
  });

  it('takes no spike of a device that reports oftener than it promised', () => {
    let memory: LimitMemory = NOT_ACTIVE;
    const low = rule({ below: 1, onDelayS: 60 });
    for (const [second, value] of [2, 2, 0, 2].entries()) {
      memory = evaluateLimit(low, memory, { ts: second * 1000, value }, 300);
      expect(memory.isActive).toBe(false);
    }
  });

  it('begins the delay anew after a silence', () => {
    const low = rule({ below: 1, onDelayS: 120 });
    const day = 86_400_000;
    let memory = evaluateLimit(low, NOT_ACTIVE, { ts: 0, value: 0 }, 60);
    memory = evaluateLimit(low, memory, { ts: 3 * day, value: 0 }, 60);
    expect(memory.isActive).toBe(false);
    expect(evaluateLimit(low, memory, { ts: 3 * day + 120_000, value: 0 }, 60).isActive).toBe(true);
  });

  it('neither raises nor clears on what could not be read', () => {
    const low = rule({ below: 1, onDelayS: 120 });
    expect(run(low, [null, 0, null, 0, null, 2])).toEqual([false, false, false, true, true, false]);
  });
});

describe('the watch over all limits', () => {
  const plant = smallPlant();

  const pumpOff = { ...rule({ on: { metric: 'pump_running' }, is: false, onDelayS: 120 }), id: 'pump-off' };

  it('raises on an on-change value whose delay runs out while its device speaks of other things', () => {
    const watch = createLimitWatch([pumpOff], plant, () => false);
    const power = (second: number) => watch.evaluate(reading('pump-1', 'active_power', second * 1000, 0));
    expect(watch.evaluate(reading('pump-1', 'pump_running', 0, 0))).toEqual([]);
    expect([power(60), power(120)]).toEqual([[], []]);
    // The message of 120 s might have told of the pump after its power; that of 180 s shows that it did not.
    expect(power(180)).toMatchObject([{ kind: 'raise', at: 120_000 }]);
  });

  it('believes the news of an on-change value before its old one', () => {
    const watch = createLimitWatch([pumpOff], plant, () => false);
    watch.evaluate(reading('pump-1', 'pump_running', 0, 0));
    watch.evaluate(reading('pump-1', 'active_power', 60_000, 0));
    const frame = [reading('pump-1', 'active_power', 120_000, 900), reading('pump-1', 'pump_running', 120_000, 1)];
    const later = reading('pump-1', 'active_power', 180_000, 900);
    expect([...frame, later].flatMap((each) => watch.evaluate(each))).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import { evaluateLimit, type LimitMemory, NOT_ACTIVE } from '../../ingest/detect/limits.ts';
import { type LimitRule, parseRules } from '../../model/rule.ts';

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
    expect(run(rule({ below: 1, onDelayS: 60 }), [2, 0], 300)).toEqual([false, true]);
  });

  it('neither raises nor clears on what could not be read', () => {
    const low = rule({ below: 1, onDelayS: 120 });
    expect(run(low, [null, 0, null, 0, null, 2])).toEqual([false, false, false, true, true, false]);
  });
});

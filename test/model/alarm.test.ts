import { describe, expect, it } from 'vitest';
import { type Alarm, type ConditionChange, transition } from '../../model/alarm.ts';
import { tankLow } from '../harness/readings.ts';

const giveBack: ConditionChange = { kind: 'return', key: tankLow.key, at: 2000 };

describe('the life of an alarm', () => {
  const active = transition(undefined, tankLow) as Alarm;
  const over = transition(active, giveBack) as Alarm;

  it('opens once for a condition, with the value that raised it', () => {
    expect(active).toMatchObject({ state: 'unacknowledged', raisedAt: 1000, returnedAt: null, value: 0.7, limit: 0.8 });
    expect(transition(active, { ...tankLow, at: 1500 })).toBeNull();
  });

  it('returns to normal once', () => {
    expect(over).toMatchObject({ id: active.id, state: 'normal', returnedAt: 2000 });
    expect(transition(over, giveBack)).toBeNull();
    expect(transition(undefined, giveBack)).toBeNull();
  });

  it('opens another episode when the condition comes again', () => {
    expect(transition(over, { ...tankLow, at: 3000 })?.id).not.toBe(active.id);
  });
});

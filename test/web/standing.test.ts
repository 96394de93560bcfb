import { describe, expect, it } from 'vitest';
import { childrenByParent, withAlarm } from '../../dashboard/web/view/standing.ts';
import type { AlarmWire } from '../../dashboard/wire.ts';

const alarm = (id: string, facts: Partial<AlarmWire> = {}): AlarmWire =>
  ({ id, state: 'unacknowledged', shelved: null, outOfService: null, suppressedBy: [], ...facts }) as AlarmWire;
const idsOf = (alarms: readonly AlarmWire[]) => alarms.map(({ id }) => id);

const outOfService = { by: 'bek', reason: 'at the workshop', at: 0 };
const low = alarm('low.tank.1');
const resting = alarm('low.tank.1', { state: 'normal', outOfService });
const flow = alarm('flow.meter.9');

describe('the alarms at hand', () => {
  it('lose one that is over, but not while somebody has set it aside', () => {
    expect(idsOf(withAlarm([low, flow], alarm('low.tank.1', { state: 'normal' })))).toEqual(['flow.meter.9']);
    expect(withAlarm([low, flow], resting)).toEqual([flow, resting]);
  });

  it('hold one episode of a condition: the later takes the place of what was set aside', () => {
    const next = alarm('low.tank.2', { outOfService });
    expect(withAlarm([resting, flow], next)).toEqual([flow, next]);
  });

  it('are found under each alarm and work that explains them', () => {
    const both = alarm('a.1', { suppressedBy: ['power.7', 'work-1'] });
    const one = alarm('b.1', { suppressedBy: ['power.7'] });
    const children = childrenByParent([both, low, one]);
    expect(children.get('power.7')).toEqual([both, one]);
    expect(children.get('work-1')).toEqual([both]);
    expect(children.get('low.tank.1')).toBeUndefined();
  });
});

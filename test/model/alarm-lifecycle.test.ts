import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ALARM_STATES, type Alarm, type AlarmEvent, isMuted, isStanding } from '../../model/alarm.ts';
import { recordPast, type Step, transition } from '../../model/alarm-lifecycle.ts';
import { raisedAlarm, raiseEvent } from '../harness/alarms.ts';
import { tankLow } from '../harness/readings.ts';

const NOW = 50_000;
const raise = raiseEvent(tankLow);
const giveBack: AlarmEvent = { kind: 'return', at: 2000 };
const acknowledge: AlarmEvent = { kind: 'acknowledge', by: 'aida', note: 'on my way' };
const reset: AlarmEvent = { kind: 'reset', by: 'aida', note: null };
const shelve: AlarmEvent = { kind: 'shelve', by: 'aida', reason: 'sensor is cleaned', until: NOW + 1_000 };
const shelveOnce: AlarmEvent = { ...shelve, until: 'one-shot' };
const outOfService: AlarmEvent = { kind: 'out-of-service', by: 'aida', reason: 'rebuilt' };
const suppress: AlarmEvent = { kind: 'suppress', suppressors: ['parent.1'] };

/** The alarm after these events, one after the other; those that change nothing are passed over. */
function lifeOf(...events: readonly AlarmEvent[]): Alarm {
  const last = events.reduce<Alarm | undefined>(
    (alarm, event) => transition(alarm, event, NOW)?.alarm ?? alarm,
    undefined,
  );
  if (!last) throw new Error('no alarm');
  return last;
}

const latching = raiseEvent({ ...tankLow, latches: true });
const unseen = { ...raise, suppressedBy: ['parent.1'] };
const held = { ...raise, heldUntil: NOW };

/** Row by row of alarm semantics 3a: what was, the event, the state then, and what people hear. */
const ROWS: readonly [string, Alarm | undefined, AlarmEvent, Alarm['state'] | null, Step['tell']][] = [
  ['NORM, true for the on-delay', undefined, raise, 'unacknowledged', 'raised'],
  ['UNACK, true again', lifeOf(raise), raise, null, null],
  ['UNACK, acknowledged', lifeOf(raise), acknowledge, 'acknowledged', null],
  ['UNACK, false for the off-delay', lifeOf(raise), giveBack, 'returned-unacknowledged', 'cleared-unacknowledged'],
  ['ACKED, false for the off-delay', lifeOf(raise, acknowledge), giveBack, 'normal', 'cleared'],
  ['ACKED, false, of a rule that latches', lifeOf(latching, acknowledge), giveBack, 'latched', 'cleared'],
  ['RTNUN, acknowledged', lifeOf(raise, giveBack), acknowledge, 'normal', null],
  ['RTNUN, acknowledged, of a rule that latches', lifeOf(latching, giveBack), acknowledge, 'latched', null],
  ['RTNUN, true again', lifeOf(raise, giveBack), raise, 'unacknowledged', 'again'],
  ['LATCH, reset', lifeOf(latching, acknowledge, giveBack), reset, 'normal', null],
  ['LATCH, true again', lifeOf(latching, acknowledge, giveBack), latching, 'unacknowledged', 'raised'],
  ['UNACK, reset', lifeOf(raise), reset, null, null],
  ['ACKED, acknowledged', lifeOf(raise, acknowledge), acknowledge, null, null],
  ['UNACK, shelved until', lifeOf(raise), shelve, 'unacknowledged', null],
  ['UNACK, shelved until a time that is past', lifeOf(raise), { ...shelve, until: NOW }, null, null],
  ['RTNUN, shelved for one shot', lifeOf(raise, giveBack), shelveOnce, null, null],
  ['shelved, over', lifeOf(raise, shelve), giveBack, 'normal', null],
  [
    'shelved, expired while true',
    lifeOf(raise, acknowledge, shelve),
    { kind: 'shelf-over' },
    'unacknowledged',
    'raised',
  ],
  ['shelved, expired while false', lifeOf(raise, giveBack, shelve), { kind: 'shelf-over' }, 'normal', null],
  [
    'shelved, unshelved while true',
    lifeOf(raise, shelve),
    { kind: 'unshelve', by: 'aida' },
    'unacknowledged',
    'raised',
  ],
  ['not shelved, unshelved', lifeOf(raise), { kind: 'unshelve', by: 'aida' }, null, null],
  ['suppressor active', lifeOf(raise), suppress, 'unacknowledged', null],
  ['suppressor active, the same again', lifeOf(raise, suppress), suppress, null, null],
  ['raised while suppressed', undefined, unseen, 'unacknowledged', null],
  ['raised while suppressed, over', lifeOf(unseen), giveBack, 'normal', null],
  ['raised while suppressed, released while true', lifeOf(unseen), { kind: 'release' }, 'unacknowledged', 'released'],
  [
    'told before it was suppressed, released while true',
    lifeOf(raise, suppress),
    { kind: 'release' },
    'unacknowledged',
    null,
  ],
  ['told before it was suppressed, over', lifeOf(raise, suppress), giveBack, 'returned-unacknowledged', null],
  ['held, and the time is over', lifeOf(held), { kind: 'hold-over' }, 'unacknowledged', 'raised'],
  ['held, over', lifeOf(held), giveBack, 'normal', null],
  ['out of service', lifeOf(raise), outOfService, 'unacknowledged', null],
  ['out of service again', lifeOf(raise, outOfService), outOfService, null, null],
  ['out of service, over', lifeOf(raise, outOfService), giveBack, 'normal', null],
  [
    'back in service while true',
    lifeOf(raise, outOfService),
    { kind: 'in-service', by: 'a' },
    'unacknowledged',
    'raised',
  ],
  ['UNACK, re-alarm time elapsed', lifeOf(raise), { kind: 're-alarm' }, 'unacknowledged', 'reminder'],
  ['ACKED, re-alarm time elapsed', lifeOf(raise, acknowledge), { kind: 're-alarm' }, 'unacknowledged', 'raised'],
  ['shelved, re-alarm time elapsed', lifeOf(raise, acknowledge, shelve), { kind: 're-alarm' }, null, null],
  ['nothing judges it any more', lifeOf(raise, shelve), { kind: 'withdraw' }, 'normal', null],
];

describe('the life of an alarm', () => {
  it.each(ROWS)('%s', (_, before, event, state, tell) => {
    const step = transition(before, event, NOW);
    expect(step && [step.alarm.state, step.tell]).toEqual(state && [state, tell]);
  });

  it('opens another episode when a condition comes again after its end', () => {
    const again = raiseEvent({ ...tankLow, at: 3000 });
    expect(lifeOf(raise, acknowledge, giveBack, again)).toMatchObject({
      id: 'tank-low.tank-1-level.3000',
      repeatCount: 0,
    });
  });

  it('goes on with the same episode, and counts, when it comes again before anybody saw it', () => {
    const again = raiseEvent({ ...tankLow, at: 3000 });
    const alarm = lifeOf(raise, giveBack, again);
    expect(alarm).toMatchObject({ id: raisedAlarm(tankLow).id, repeatCount: 1, raisedAt: 1000, returnedAt: null });
  });

  it('keeps a timed shelf and out of service for the next episode, and ends a one-shot with this one', () => {
    const again = transition(lifeOf(raise, shelve, giveBack), raiseEvent({ ...tankLow, at: 3000 }), NOW);
    expect(again).toMatchObject({ tell: null, alarm: { shelved: { by: 'aida' }, raisedAt: 3000 } });
    expect(isStanding(lifeOf(raise, shelveOnce, giveBack))).toBe(false);
    expect(lifeOf(raise, outOfService, giveBack)).toMatchObject({
      state: 'normal',
      outOfService: { reason: 'rebuilt' },
    });
  });

  it('tells nobody of an alarm that has another mute left', () => {
    expect(transition(lifeOf(raise, shelve, suppress), { kind: 'shelf-over' }, NOW)?.tell).toBeNull();
    const released = transition(lifeOf({ ...unseen }, shelve), { kind: 'release' }, NOW);
    expect(released?.tell).toBeNull();
    expect(transition(released?.alarm, { kind: 'shelf-over' }, NOW)?.tell).toBe('raised');
  });

  it('records the past without asking anything of anybody, beside what is open', () => {
    const late = { ...tankLow, isHistorical: true };
    const open = recordPast(undefined, late, NOW);
    expect(open).toMatchObject({ tell: null, alarm: { state: 'normal', isAnnounced: false, returnedAt: null } });
    expect(recordPast(open?.alarm, late, NOW)).toBeNull();
    const over = recordPast(open?.alarm, { kind: 'return', key: late.key, at: 1500, isHistorical: true }, NOW);
    expect(over?.alarm).toMatchObject({ returnedAt: 1500, state: 'normal' });
    expect(over?.alarm.id).not.toBe(raisedAlarm(tankLow).id);
  });
});

const anyEvent: fc.Arbitrary<AlarmEvent> = fc.oneof(
  fc
    .record({
      suppressedBy: fc.subarray(['parent.1', 'work-2']),
      heldUntil: fc.constantFrom(null, NOW),
      latches: fc.boolean(),
    })
    .map(({ latches, ...muting }) => ({ ...raise, condition: { ...tankLow, latches }, ...muting })),
  fc.constantFrom<AlarmEvent>(
    ...[giveBack, acknowledge, reset, shelve, shelveOnce, outOfService, suppress],
    { kind: 'suppress', suppressors: ['work-2'] },
    { kind: 'unshelve', by: 'b' },
    { kind: 'in-service', by: 'b' },
    ...(['release', 'hold-over', 'shelf-over', 're-alarm', 'withdraw'] as const).map((kind) => ({ kind })),
  ),
);
const anyLife = fc.array(anyEvent, { maxLength: 40 });

/** Every step of a life: what was, the event, what came of it. */
function stepsOf(events: readonly AlarmEvent[]) {
  let alarm: Alarm | undefined;
  return events.flatMap((event) => {
    const before = alarm;
    const step = transition(before, event, NOW);
    alarm = step?.alarm ?? alarm;
    return step ? [{ before, event, step }] : [];
  });
}

const property = (check: (events: AlarmEvent[]) => void) => fc.assert(fc.property(anyLife, check), { numRuns: 2_000 });

describe('whatever happens to an alarm', () => {
  it('leaves it in a state of the table, with a condition that fits it', () => {
    property((events) => {
      for (const { step } of stepsOf(events)) {
        const { state, clearedAt, returnedAt } = step.alarm;
        expect(ALARM_STATES).toContain(state);
        expect(clearedAt === null).toBe(state === 'unacknowledged' || state === 'acknowledged');
        expect(returnedAt === null).toBe(clearedAt === null);
      }
    });
  });

  it('leaves it a way back to normal', () => {
    property((events) => {
      const last = stepsOf(events).at(-1)?.step.alarm;
      if (!last) return;
      const wayBack: AlarmEvent[] = [
        ...[
          giveBack,
          acknowledge,
          reset,
          { kind: 'unshelve', by: 'c' } as const,
          { kind: 'in-service', by: 'c' } as const,
        ],
        { kind: 'release' },
        { kind: 'hold-over' },
      ];
      const end = wayBack.reduce<Alarm>((alarm, event) => transition(alarm, event, NOW)?.alarm ?? alarm, last);
      expect([end.state, isMuted(end), isStanding(end)]).toEqual(['normal', false, false]);
    });
  });

  it('tells nobody while anything mutes it', () => {
    property((events) => {
      for (const { before, step } of stepsOf(events)) {
        if (step.tell !== null) expect(isMuted(step.alarm) && isMuted(before ?? step.alarm)).toBe(false);
      }
    });
  });

  it('judges it all the same: an active one always returns', () => {
    property((events) => {
      for (const { step } of stepsOf(events)) {
        const isActive = step.alarm.clearedAt === null;
        expect(transition(step.alarm, giveBack, NOW) !== null).toBe(isActive);
      }
    });
  });

  it('keeps the episode of one that was told and unacknowledged before it was suppressed', () => {
    property((events) => {
      for (const { before, event, step } of stepsOf(events)) {
        if (event.kind !== 'suppress' && event.kind !== 'release') continue;
        expect(step.alarm).toMatchObject({ id: before?.id, state: before?.state, raisedAt: before?.raisedAt });
      }
    });
  });

  it('tells an episode as new once only, unless somebody had seen or muted it between, or it was over and latched', () => {
    property((events) => {
      let isTold = false;
      for (const { before, event, step } of stepsOf(events)) {
        const isNew = beginsAnew(before, step.alarm, event);
        const isSeen = ['acknowledge', 'shelve', 'out-of-service'].includes(event.kind);
        if (isNew || isSeen) isTold = false;
        if (step.tell !== 'raised' && step.tell !== 'released') continue;
        const isUnmuting = ['unshelve', 'shelf-over', 'in-service'].includes(event.kind);
        expect(isTold && !isUnmuting).toBe(false);
        isTold = true;
      }
    });
  });
});

/** Another episode, or one that was over, and latched, and comes again. */
function beginsAnew(before: Alarm | undefined, { id }: Alarm, { kind }: AlarmEvent): boolean {
  if (before?.id !== id || before.state === 'normal') return true;
  return before.state === 'latched' && kind === 'raise';
}

/** What time alone does to an alarm. Pure. */
import { type Alarm, type AlarmEvent, isMuted } from '../../model/alarm.ts';
import type { Priority } from '../../model/rule.ts';

const HOUR_MS = 3_600_000;

/** Seen, and not over after so long: it asks again. A proposal, not sourced. */
const RE_ALARM_MS: Readonly<Record<Priority, number>> = {
  critical: 4 * HOUR_MS,
  high: 24 * HOUR_MS,
  medium: Number.POSITIVE_INFINITY,
  low: Number.POSITIVE_INFINITY,
};

export function dueEvent(alarm: Alarm, now: number): readonly AlarmEvent[] {
  const { shelved, heldUntil, state, stateSince, priority } = alarm;
  const isShelfOver = shelved !== null && shelved.until !== 'one-shot' && shelved.until <= now;
  const isHoldOver = heldUntil !== null && heldUntil <= now;
  const isForgotten = state === 'acknowledged' && !isMuted(alarm) && now - stateSince >= RE_ALARM_MS[priority];
  return [
    ...(isShelfOver ? [{ kind: 'shelf-over' } as const] : []),
    ...(isHoldOver ? [{ kind: 'hold-over' } as const] : []),
    ...(isForgotten ? [{ kind: 're-alarm' } as const] : []),
  ];
}

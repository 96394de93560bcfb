/** What time alone does to an alarm. Pure. */
import { type Alarm, type AlarmEvent, isMuted } from '../../model/alarm.ts';
import type { Priority } from '../../model/rule.ts';
import { LONGEST_HOLD_MS } from './suppress.ts';

const HOUR_MS = 3_600_000;
/** A day more than may be asked for: the asker's clock may have been a little ahead. */
const LONGEST_SHELF_MS = 8 * 24 * HOUR_MS;

/** Proposals, not sourced; a rule may say otherwise. */
const RE_ALARM_H: Readonly<Record<Priority, number>> = {
  critical: 4,
  high: 24,
  medium: Number.POSITIVE_INFINITY,
  low: Number.POSITIVE_INFINITY,
};

/** By rule, where it says so: after how many hours an alarm that is not over asks again. */
export type ReAlarmHours = ReadonlyMap<string, number>;

export function dueEvents(alarm: Alarm, now: number, reAlarmH: ReAlarmHours): readonly AlarmEvent[] {
  const { shelved, heldUntil } = alarm;
  const isShelfOver =
    shelved !== null && shelved.until !== 'one-shot' && isReached(shelved.until, now, LONGEST_SHELF_MS);
  const isHoldOver = heldUntil !== null && isReached(heldUntil, now, LONGEST_HOLD_MS);
  return [
    ...(isShelfOver ? [{ kind: 'shelf-over' } as const] : []),
    ...(isHoldOver ? [{ kind: 'hold-over' } as const] : []),
    ...(isForgotten(alarm, now, reAlarmH) ? [{ kind: 're-alarm' } as const] : []),
  ];
}

/** By a clock that was ahead it would mute for longer than anything may: an alarm too many is better than none for years. */
const isReached = (until: number, now: number, longestMs: number): boolean => until <= now || until > now + longestMs;

/** Seen so long ago, or told so long ago to people of whom none has said to have seen it. */
function isForgotten(alarm: Alarm, now: number, reAlarmH: ReAlarmHours): boolean {
  const { state, stateSince, askedAt, rule, priority } = alarm;
  if (isMuted(alarm) || (state !== 'acknowledged' && state !== 'unacknowledged')) return false;
  const since = state === 'acknowledged' ? stateSince : (askedAt ?? stateSince);
  // A clock that was set back must not silence it.
  return Math.abs(now - since) >= (reAlarmH.get(rule) ?? RE_ALARM_H[priority]) * HOUR_MS;
}

/** The message of the morning: that all is well, or what is open, or when nothing could be seen. Pure. */
import { type Alarm, isMuted } from '../../../model/alarm.ts';
import type { Person } from '../../../model/person.ts';
import { PRIORITIES } from '../../../model/rule.ts';
import { isWithin, type LocalTime, minuteOf } from './local-time.ts';
import { concerns, wants } from './policy.ts';
import type { Span } from './run-times.ts';

/** A time in which nobody would have been told of anything. */
interface Gap extends Span {
  /** `off`: the server did not run. `blind`: it heard nothing of what they look after. */
  readonly kind: 'off' | 'blind';
}

export interface Morning {
  readonly date: string;
  /** What is open, but for the low ones. */
  readonly openCount: number;
  /** What of it this person wants to know, the most urgent first. */
  readonly open: readonly Alarm[];
  /** Shelved or out of service. */
  readonly mutedCount: number;
  /** Since when nothing is heard of what they look after; null: it is. */
  readonly blindSince: number | null;
  /** Of the last day, the oldest first. */
  readonly gaps: readonly Gap[];
  /** Nobody knows whether they have got this morning's message already. */
  readonly isInDoubt: boolean;
}

/** What is known at a moment. */
export interface MorningFacts {
  readonly date: string;
  readonly standing: readonly Alarm[];
  /** Those raised of late, also if they are over. */
  readonly recent: readonly Alarm[];
  /** When the server did not run. */
  readonly off: readonly Span[];
  readonly now: number;
}

/** A server that was off at eight still says good morning for so long. */
export const LATE_MS = 4 * 3_600_000;
const DAY_MS = 24 * 3_600_000;
const BLIND: ReadonlySet<string> = new Set(['own-link', 'broker-away', 'broker-silent', 'ingest-gone']);

/** At eight, or when their hours begin. */
export function isMorning({ hours }: Pick<Person, 'hours'>, { minute }: LocalTime, at: string): boolean {
  const begin = hours === null || isWithin(hours, minuteOf(at)) ? minuteOf(at) : minuteOf(hours.from);
  return minute >= begin && minute < begin + LATE_MS / 60_000;
}

export function morningOf(person: Person, facts: MorningFacts, isInDoubt = false): Morning {
  const { date, standing } = facts;
  const own = standing.filter(({ site }) => concerns(person, site));
  const unmuted = own.filter((alarm) => alarm.state !== 'normal' && !isMuted(alarm));
  const blind = unmuted.filter(({ rule, clearedAt }) => BLIND.has(rule) && clearedAt === null);
  const open = unmuted.filter(({ priority }) => priority !== 'low');
  return {
    date,
    openCount: open.length,
    open: open.filter(({ priority }) => wants(person, priority)).toSorted(byUrgency),
    mutedCount: own.filter(({ shelved, outOfService }) => shelved !== null || outOfService !== null).length,
    blindSince: blind.length === 0 ? null : Math.min(...blind.map(({ raisedAt }) => raisedAt)),
    gaps: gapsOf(person, facts),
    isInDoubt,
  };
}

function gapsOf(person: Person, { recent, off, now }: MorningFacts): readonly Gap[] {
  const blind = recent.flatMap(({ rule, site, raisedAt, clearedAt }): Gap[] => {
    const isOver = BLIND.has(rule) && concerns(person, site) && clearedAt !== null;
    return isOver ? [{ kind: 'blind', from: raisedAt, to: clearedAt }] : [];
  });
  return [...blind, ...off.map((span): Gap => ({ kind: 'off', ...span }))]
    .filter(({ to }) => to > now - DAY_MS && to <= now)
    .toSorted((a, b) => a.from - b.from);
}

export function byUrgency(a: Alarm, b: Alarm): number {
  return PRIORITIES.indexOf(a.priority) - PRIORITIES.indexOf(b.priority) || a.raisedAt - b.raisedAt;
}

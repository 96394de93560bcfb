/** The message of the morning: that all is well, or what is open, or since when nothing can be seen. Pure. */
import { type Alarm, isMuted } from '../../../model/alarm.ts';
import type { Person } from '../../../model/person.ts';
import { PRIORITIES } from '../../../model/rule.ts';
import { isWithin, type LocalTime, minuteOf } from './local-time.ts';
import { concerns } from './policy.ts';

export interface Morning {
  readonly date: string;
  /** What this person is to know of, the most urgent first. */
  readonly open: readonly Alarm[];
  /** Shelved or out of service. */
  readonly mutedCount: number;
  /** Since when nothing is heard of what they look after; null: it is. */
  readonly blindSince: number | null;
}

/** A server that was off at eight still says good morning for so long. */
export const LATE_MS = 4 * 3_600_000;
const BLIND: ReadonlySet<string> = new Set(['own-link', 'broker-away', 'broker-silent', 'ingest-gone']);

/** At eight, or when their hours begin. */
export function isMorning({ hours }: Pick<Person, 'hours'>, { minute }: LocalTime, at: string): boolean {
  const begin = hours === null || isWithin(hours, minuteOf(at)) ? minuteOf(at) : minuteOf(hours.from);
  return minute >= begin && minute < begin + LATE_MS / 60_000;
}

export function morningOf(person: Person, date: string, standing: readonly Alarm[]): Morning {
  const own = standing.filter(({ site }) => concerns(person, site));
  const open = own.filter((alarm) => alarm.state !== 'normal' && !isMuted(alarm));
  const blind = open.filter(({ rule, clearedAt }) => BLIND.has(rule) && clearedAt === null);
  return {
    date,
    open: open.filter(({ priority }) => priority !== 'low').toSorted(byUrgency),
    mutedCount: own.filter(({ shelved, outOfService }) => shelved !== null || outOfService !== null).length,
    blindSince: blind.length === 0 ? null : Math.min(...blind.map(({ raisedAt }) => raisedAt)),
  };
}

export function byUrgency(a: Alarm, b: Alarm): number {
  return PRIORITIES.indexOf(a.priority) - PRIORITIES.indexOf(b.priority) || a.raisedAt - b.raisedAt;
}

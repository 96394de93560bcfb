/** What was acknowledged and is over: it stands no more, and those who were told of it are to hear so for a while. */
import type { Alarm, Announcement } from '../../../model/alarm.ts';
import type { ToldAlarm } from './policy.ts';

export interface Endings {
  take(announcements: readonly Announcement[]): void;
  /** Undefined: there is nothing to tell of its end, or not any more. */
  of(alarm: Alarm): ToldAlarm | undefined;
  all(): readonly ToldAlarm[];
  /** Drops what ended too long ago to be news. */
  forget(now: number): void;
}

/** By the morning everybody has seen on the page how the evening ended. */
const NEWS_MS = 4 * 3_600_000;

/** In memory only: an end that nobody could be told before the process ended is on the page. */
export function createEndings(toTold: (alarm: Alarm) => ToldAlarm): Endings {
  /** By condition: what was raised again is not over. */
  const ended = new Map<string, ToldAlarm>();

  return {
    take(announcements) {
      for (const { tell, alarm } of announcements) {
        ended.delete(alarm.key);
        if (tell === 'cleared') ended.set(alarm.key, toTold(alarm));
      }
    },
    of({ key, id }) {
      const told = ended.get(key);
      return told?.alarm.id === id ? told : undefined;
    },
    all: () => [...ended.values()],
    forget(now) {
      for (const [key, { alarm }] of ended) if (now - (alarm.clearedAt ?? 0) > NEWS_MS) ended.delete(key);
    },
  };
}

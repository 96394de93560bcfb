/** The wall clock of a place. */
import type { Person } from '../../../model/person.ts';

export interface LocalTime {
  /** `2026-11-23` */
  readonly date: string;
  /** Since midnight. */
  readonly minute: number;
}

const formats = new Map<string, Intl.DateTimeFormat>();

export function localTime(ms: number, timeZone: string): LocalTime {
  const parts = Object.fromEntries(
    formatOf(timeZone)
      .formatToParts(ms)
      .map(({ type, value }) => [type, value]),
  );
  const { year, month, day, hour, minute } = parts;
  return { date: `${year}-${month}-${day}`, minute: Number(hour) * 60 + Number(minute) };
}

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known) return known;
  const numeric = { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' } as const;
  const format = new Intl.DateTimeFormat('en', { timeZone, ...numeric, hourCycle: 'h23' });
  formats.set(timeZone, format);
  return format;
}

/** `07:30` */
export function minuteOf(clock: string): number {
  const [hour, minute] = clock.split(':');
  return Number(hour) * 60 + Number(minute);
}

/** Hours that end before they begin go over midnight. */
export function isWithin(hours: Person['hours'], minute: number): boolean {
  if (hours === null) return true;
  const [from, to] = [minuteOf(hours.from), minuteOf(hours.to)];
  return from <= to ? minute >= from && minute < to : minute >= from || minute < to;
}

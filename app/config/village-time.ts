/** Times as people write them for the simulated village: `day 3 02:10`, a local time, an instant; and spans, `6h`. */
import { Temporal } from 'temporal-polyfill';
import { parseTime } from '../time.ts';

/** What a time that names no zone, and a day's number, are counted by. */
export interface VillageCalendar {
  /** Day 1 is the local day that holds it. */
  readonly beginMs: number;
  readonly timeZone: string;
}

export const EXPECTED_TIME = 'expected a time such as "day 3 02:10", "2026-11-25 02:10" or "2026-11-25T02:10+06:00"';
export const EXPECTED_SPAN = 'expected a span such as 30m, 6h or 2d';

const DAY = /^day (\d{1,5})(?: (\d{1,2}):(\d{2})(?::(\d{2}))?)?$/;
const SPAN = /^(\d+(?:\.\d+)?)(s|m|h|d)$/;
const UNIT_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Epoch ms; null where the text names no single instant. */
export function parseVillageTime(text: string, { beginMs, timeZone }: VillageCalendar): number | null {
  const [, day, hour = '0', minute = '00', second = '00'] = DAY.exec(text.trim()) ?? [];
  if (day === undefined) return parseTime(text, timeZone);
  if (Number(day) < 1) return null;
  const first = Temporal.Instant.fromEpochMilliseconds(beginMs).toZonedDateTimeISO(timeZone).toPlainDate();
  const date = first.add({ days: Number(day) - 1 }).toString();
  return parseTime(`${date}T${hour.padStart(2, '0')}:${minute}:${second}`, timeZone);
}

/** In ms; null where the text is no span longer than nothing. */
export function parseSpan(text: string): number | null {
  const [, amount = '0', unit = 's'] = SPAN.exec(text.trim()) ?? [];
  const ms = Math.round(Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS]);
  return ms > 0 ? ms : null;
}

/** Times, spans and counts as people read them. */
import { type Language, PHRASES, type Phrases } from './phrases.ts';

/** More nobody reads. */
export const LINES_AT_MOST = 10;
/** Alarms in a message for programs. */
export const FACTS_AT_MOST = 50;

export function moment(ms: number, language: Language, timeZone: string): string {
  const format = {
    timeZone,
    day: '2-digit',
    month: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  } as const;
  return new Intl.DateTimeFormat(language === 'en' ? 'en-GB' : 'ru', format).format(ms);
}

export function span(minutes: number, { minutes: min, hours, days }: Phrases): string {
  if (minutes < 120) return `${minutes} ${min}`;
  return minutes < 48 * 60 ? `${Math.round(minutes / 60)} ${hours}` : `${Math.round(minutes / 1440)} ${days}`;
}

/** `name: how many`, and how many more. */
export function counted(
  groups: readonly (readonly [string, readonly unknown[]])[],
  language: Language,
): readonly string[] {
  const lines = groups.slice(0, LINES_AT_MOST).map(([name, items]) => `${name}: ${items.length}`);
  const rest = groups.slice(LINES_AT_MOST).reduce((sum, [, items]) => sum + items.length, 0);
  return rest > 0 ? [...lines, `${PHRASES[language].more}: ${rest}`] : lines;
}

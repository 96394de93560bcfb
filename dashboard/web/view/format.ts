/** Numbers, units and times as people of the language read them. Pure: language and time zone come in. */

export const LANGUAGES = ['ky', 'ru', 'en'] as const;
export type Language = (typeof LANGUAGES)[number];

/** Browsers carry no Kyrgyz (Chromium 156 formats `ky` as English); Russian has the same comma and spaces. */
const NUMBER_LOCALE: Readonly<Record<Language, string>> = { ky: 'ru', ru: 'ru', en: 'en-GB' };
const KYRGYZ_MONTHS = ['янв.', 'фев.', 'мар.', 'апр.', 'май', 'июн.', 'июл.', 'авг.', 'сен.', 'окт.', 'ноя.', 'дек.'];

const DECIMALS: Readonly<Record<string, number>> = {
  m: 2,
  'm3/h': 1,
  bar: 2,
  'mg/L': 2,
  NTU: 2,
  degC: 1,
  kW: 2,
  A: 1,
  mA: 1,
};

const DAY_MS = 86_400_000;

export interface Quantity {
  readonly text: string;
  /** Key of the unit as shown, which may be a larger one than it was measured in. */
  readonly unit: string;
}

/** A measured number with the decimals that its unit deserves; watts from 1,000 on as kilowatts. */
export function quantity(value: number, unit: string, language: Language): Quantity {
  if (unit === 'W' && Math.abs(value) >= 1000) return quantity(value / 1000, 'kW', language);
  return { text: decimal(value, decimalsOf(value, unit), language), unit };
}

function decimalsOf(value: number, unit: string): number {
  // A battery's tenths tell whether it is charged; the mains' say nothing.
  if (unit === 'V') return Math.abs(value) < 100 ? 1 : 0;
  return DECIMALS[unit] ?? (unit === '' ? 2 : 0);
}

export function decimal(value: number, digits: number, language: Language): string {
  const rounded = Number(value.toFixed(digits));
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  // A minus as long as the digits are wide; no "-0".
  return numberFormat(NUMBER_LOCALE[language], options)
    .format(rounded === 0 ? 0 : rounded)
    .replace('-', '−');
}

/** `18:42`, site-local. */
export function clockTime(ms: number, timeZone: string): string {
  return dateFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit' }).format(ms);
}

/** `23 нояб.`, site-local. */
export function dayAndMonth(ms: number, timeZone: string, language: Language): string {
  if (language !== 'ky') {
    return dateFormat(NUMBER_LOCALE[language], { timeZone, day: 'numeric', month: 'short' }).format(ms);
  }
  const { day, month } = localDate(ms, timeZone);
  return `${day}-${KYRGYZ_MONTHS[month - 1]}`;
}

/** The time alone today, with the day otherwise. */
export function moment(ms: number, nowMs: number, timeZone: string, language: Language): string {
  const time = clockTime(ms, timeZone);
  return sameDay(ms, nowMs, timeZone) ? time : `${dayAndMonth(ms, timeZone, language)}, ${time}`;
}

/** How long ago, in the largest unit that fits, as key of a phrase and its number. */
export function ago(ageMs: number): { readonly key: 'agoS' | 'agoMin' | 'agoH' | 'agoD'; readonly n: number } {
  const seconds = Math.max(0, Math.floor(ageMs / 1000));
  if (seconds < 60) return { key: 'agoS', n: seconds };
  if (seconds < 3600) return { key: 'agoMin', n: Math.floor(seconds / 60) };
  if (seconds < 48 * 3600) return { key: 'agoH', n: Math.floor(seconds / 3600) };
  return { key: 'agoD', n: Math.floor((seconds * 1000) / DAY_MS) };
}

/** A forecast is rough: minutes below an hour, whole hours above. */
export function span(hours: number): { readonly key: 'spanMin' | 'spanH'; readonly n: number } {
  return hours < 1 ? { key: 'spanMin', n: Math.round((hours * 60) / 5) * 5 } : { key: 'spanH', n: Math.round(hours) };
}

/** A time to act in, in the largest unit that fits. */
export function deadline(minutes: number): { readonly key: 'spanMin' | 'spanH' | 'spanD'; readonly n: number } {
  if (minutes < 60) return { key: 'spanMin', n: minutes };
  const hours = Math.round(minutes / 60);
  return hours < 48 ? { key: 'spanH', n: hours } : { key: 'spanD', n: Math.round(hours / 24) };
}

function sameDay(a: number, b: number, timeZone: string): boolean {
  const [left, right] = [localDate(a, timeZone), localDate(b, timeZone)];
  return left.day === right.day && left.month === right.month && left.year === right.year;
}

function localDate(ms: number, timeZone: string): { day: number; month: number; year: number } {
  const options = { timeZone, day: 'numeric', month: 'numeric', year: 'numeric' } as const;
  const parts = dateFormat('en-GB', options).formatToParts(ms);
  const part = (type: string) => Number(parts.find((p) => p.type === type)?.value);
  return { day: part('day'), month: part('month'), year: part('year') };
}

// Making a formatter costs a hundred times as much as using one, and every value on the page uses some.
const numberFormats = new Map<string, Intl.NumberFormat>();
const dateFormats = new Map<string, Intl.DateTimeFormat>();

function numberFormat(locale: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = `${locale}${options.maximumFractionDigits}`;
  const format = numberFormats.get(key) ?? new Intl.NumberFormat(locale, options);
  numberFormats.set(key, format);
  return format;
}

function dateFormat(locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = locale + JSON.stringify(options);
  const format = dateFormats.get(key) ?? new Intl.DateTimeFormat(locale, options);
  dateFormats.set(key, format);
  return format;
}

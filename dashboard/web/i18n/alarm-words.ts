import type { alarmEn } from './alarm-en.ts';
import type { Counted } from './catalogue.ts';

/** What every language must have of them. */
export interface AlarmWords {
  readonly text: Readonly<Record<keyof typeof alarmEn.text, string>>;
  readonly count: Readonly<Record<keyof typeof alarmEn.count, Counted>>;
}

/** The chosen language and the words in it. */
import { signal } from '@preact/signals';
import i18next from 'i18next';
import type { NameWire } from '../../wire.ts';
import { LANGUAGES, type Language, quantity } from '../view/format.ts';
import type { Catalogue, CountKey, MetricKey, TextKey, UnitKey } from './catalogue.ts';
import { en } from './en.ts';
import { ky } from './ky.ts';
import { ru } from './ru.ts';

const STORED = 'aimak.language';
const CATALOGUES: Readonly<Record<Language, Catalogue>> = { ky, ru, en };

export const language = signal<Language>('ky');

export function startLanguage(): void {
  const chosen = [new URLSearchParams(location.search).get('lang'), remembered(), ...navigator.languages]
    .map((tag) => LANGUAGES.find((l) => l === tag?.slice(0, 2).toLowerCase()))
    .find((l) => l !== undefined);
  void i18next.init({
    resources: Object.fromEntries(LANGUAGES.map((l) => [l, { translation: flatten(CATALOGUES[l]) }])),
    lng: chosen ?? 'ky',
    fallbackLng: 'en',
    initAsync: false,
    keySeparator: false,
    nsSeparator: false,
    contextSeparator: '|',
    interpolation: { escapeValue: false },
  });
  show(chosen ?? 'ky');
}

export function chooseLanguage(next: Language): void {
  void i18next.changeLanguage(next);
  try {
    localStorage.setItem(STORED, next);
  } catch {
    // A browser that forbids storage: the choice lasts as long as the page.
  }
  // An address that asks for a language must not win over the choice when the page is loaded again.
  const address = new URL(location.href);
  address.searchParams.delete('lang');
  history.replaceState(history.state, '', address);
  show(next);
}

export function t(key: TextKey, values?: Readonly<Record<string, string | number>>): string {
  // Reading the signal makes whoever shows the text follow a change of language.
  return i18next.t(key, { ...values, lng: language.value });
}

export function tCount(key: CountKey, count: number, values?: Readonly<Record<string, string | number>>): string {
  return i18next.t(key, { ...values, count, lng: language.value });
}

/** A metric's name; that of a profile which the page does not know as it stands. */
export function metricName(metric: string): string {
  return CATALOGUES[language.value].metric[metric as MetricKey] ?? metric.replaceAll('_', ' ');
}

export function unitName(unit: string): string {
  return CATALOGUES[language.value].unit[unit as UnitKey] ?? unit;
}

/** `0,84 м`: number and unit as one text, for a sentence. */
export function quantityText(value: number, unit: string): string {
  const shown = quantity(value, unit, language.value);
  return shown.unit === '' ? shown.text : `${shown.text}\u00a0${unitName(shown.unit)}`;
}

/** A name in the reader's language, else in one that is there. */
export function nameOf(name: NameWire | undefined, id: string): string {
  return name?.[language.value] ?? name?.ru ?? name?.ky ?? name?.en ?? id;
}

function show(next: Language): void {
  language.value = next;
  document.documentElement.lang = next;
}

function remembered(): string | null {
  try {
    return localStorage.getItem(STORED);
  } catch {
    return null;
  }
}

/** `other` also stands under the bare key: where the browser lacks a language's plural rules, no phrase goes missing. */
function flatten(catalogue: Catalogue): Record<string, string> {
  const flat: Record<string, string> = { ...catalogue.text };
  for (const [key, forms] of Object.entries(catalogue.count)) {
    flat[key] = forms.other;
    for (const [rule, text] of Object.entries(forms)) flat[`${key}_${rule}`] = text;
  }
  return flat;
}

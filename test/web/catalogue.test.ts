import { describe, expect, it } from 'vitest';
import type { Catalogue } from '../../dashboard/web/i18n/catalogue.ts';
import { en } from '../../dashboard/web/i18n/en.ts';
import { ky } from '../../dashboard/web/i18n/ky.ts';
import { ru } from '../../dashboard/web/i18n/ru.ts';
import { METRICS } from '../../model/metric.ts';

const english: Catalogue = en;
const inserted = (text: string) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name).toSorted();

describe.each([
  ['Russian', ru],
  ['Kyrgyz', ky],
])('the %s catalogue', (_, catalogue) => {
  it('inserts into each phrase what English inserts', () => {
    for (const key of Object.keys(english.text) as (keyof Catalogue['text'])[]) {
      expect(inserted(catalogue.text[key]), key).toEqual(inserted(english.text[key]));
    }
  });

  it('inserts the same into every form of a counted phrase', () => {
    for (const [key, forms] of Object.entries(catalogue.count)) {
      const expected = inserted(english.count[key as keyof Catalogue['count']].other);
      for (const form of Object.values(forms)) expect(inserted(form), key).toEqual(expected);
    }
  });

  it('glues no ending to an inserted word', () => {
    const texts = [
      ...Object.values(catalogue.text),
      ...Object.values(catalogue.count).flatMap((f) => Object.values(f)),
    ];
    for (const text of texts) expect(text).not.toMatch(/\}\}[а-яёңөүА-ЯЁҢӨҮ]/);
  });
});

it('names every metric and unit that a device may report', () => {
  const metrics = [...METRICS.values()];
  expect(metrics.map((m) => m.name).filter((name) => !(name in en.metric))).toEqual([]);
  expect(metrics.map((m) => m.unit).filter((unit) => unit !== '' && !(unit in en.unit))).toEqual([]);
});

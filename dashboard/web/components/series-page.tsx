/** One series: its value, its trend, its readings as a file, and what else its device says. */
import { useSignal } from '@preact/signals';
import { RANGE_MS, type Range } from '../charts/trends.ts';
import { metricName, nameOf, t } from '../i18n/language.ts';
import { csvAddress } from '../live/api.ts';
import { now } from '../live/clock.ts';
import { isBackfilling, seenKeys } from '../live/feed.ts';
import { deviceOf, isYesNo, plant, view } from '../live/plant-store.ts';
import { goBack } from '../navigation.ts';
import { OVERVIEW } from '../route.ts';
import { placeName } from '../view/place-name.ts';
import { keyOf, type SeriesRef } from '../view/plant-view.ts';
import { PlantMissing } from './plant-missing.tsx';
import { TrendPanel } from './trend-panel.tsx';
import { RangeSwitch } from './trends-section.tsx';
import { AgeNote, Figure, ValueRow } from './value.tsx';

export function SeriesPage({ of }: { of: SeriesRef }) {
  const chosen = useSignal<Range | null>(null);
  const range = chosen.value ?? (isBackfilling.value ? '14d' : '24h');
  return (
    <main class="series-page">
      <a
        class="back"
        href={OVERVIEW}
        onClick={(event) => {
          event.preventDefault();
          goBack();
        }}
      >
        ‹ {t('back')}
      </a>
      {!plant.value ? (
        <PlantMissing />
      ) : !deviceOf(of.device) && !seenKeys.value.has(keyOf(of)) ? (
        <p class="message">{t('noSeries')}</p>
      ) : (
        <>
          <SeriesHead of={of} />
          <RangeSwitch
            value={range}
            onChange={(next) => {
              chosen.value = next;
            }}
          />
          <article class="card">
            <TrendPanel
              key={`${keyOf(of)}-${range}`}
              of={of}
              range={range}
              height={isYesNo(of.metric) ? STATE_HEIGHT : chartHeight()}
            />
          </article>
          <a class="button" href={csvOf(of, range)} download>
            {t('csv')}
          </a>
          <Siblings of={of} />
        </>
      )}
    </main>
  );
}

function SeriesHead({ of }: { of: SeriesRef }) {
  return (
    <header class="series-head">
      <div>
        <h2>{placeName(of.device)}</h2>
        <p class="label">{metricName(of.metric)}</p>
      </div>
      <div class="row-value">
        <Figure of={of} isBig />
        <AgeNote of={of} />
      </div>
    </header>
  );
}

/** The file holds just what the chart shows, to the minute. */
function csvOf(of: SeriesRef, range: Range): string {
  const to = Math.ceil(now.peek() / 60_000) * 60_000;
  return csvAddress(of, to - RANGE_MS[range], to);
}

function Siblings({ of }: { of: SeriesRef }) {
  const device = deviceOf(of.device);
  const others = [...seenKeys.value]
    .map((key) => ({ device: key.split('/')[0] ?? '', metric: key.split('/')[1] ?? '' }))
    .filter((ref) => ref.device === of.device && ref.metric !== of.metric);
  if (!view.value || others.length === 0) return null;
  return (
    <section class="section">
      <h3 class="section-title">
        {t('moreOfDevice')}: {nameOf(device?.name, of.device)}
      </h3>
      <article class="card">
        {others.map((ref) => (
          <ValueRow key={ref.metric} of={ref} />
        ))}
      </article>
    </section>
  );
}

/** Two lines need no more. */
const STATE_HEIGHT = 140;

function chartHeight(): number {
  return Math.max(220, Math.min(420, Math.round(innerHeight * 0.45)));
}

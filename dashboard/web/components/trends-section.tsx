/** On a desk: the levels and inflows of the village, one time range for all. */
import { useSignal } from '@preact/signals';
import { RANGES, type Range } from '../charts/trends.ts';
import { nameOf, t } from '../i18n/language.ts';
import { isBackfilling } from '../live/feed.ts';
import { keyOf, type PlantView, type SeriesRef } from '../view/plant-view.ts';
import { TrendPanel } from './trend-panel.tsx';

const HEIGHT = 100;
const AT_MOST = 6;

interface Shown {
  readonly ref: SeriesRef;
  readonly name: string;
}

export function TrendsSection({ view }: { view: PlantView }) {
  const chosen = useSignal<Range | null>(null);
  const shown = defaultTrends(view);
  if (shown.length === 0) return null;
  // While the past is being delivered the last day is still empty.
  const range = chosen.value ?? (isBackfilling.value ? '14d' : '24h');
  return (
    <section class="section trends" aria-labelledby="trends">
      <header class="section-head">
        <h2 id="trends">{t('trends')}</h2>
        <RangeSwitch
          value={range}
          ranges={['24h', '14d']}
          onChange={(next) => {
            chosen.value = next;
          }}
        />
      </header>
      {shown.map(({ ref, name }) => (
        <article class="card" key={`${keyOf(ref)}-${range}`}>
          <TrendPanel of={ref} name={name} range={range} height={HEIGHT} />
        </article>
      ))}
    </section>
  );
}

export function RangeSwitch(props: { value: Range; ranges?: readonly Range[]; onChange: (range: Range) => void }) {
  return (
    <fieldset class="switch" aria-label={t('range')}>
      {(props.ranges ?? RANGES).map((range) => (
        <button key={range} type="button" aria-pressed={range === props.value} onClick={() => props.onChange(range)}>
          {t(`range${range}`)}
        </button>
      ))}
    </fieldset>
  );
}

function defaultTrends({ tanks, zones }: PlantView): readonly Shown[] {
  const levels = tanks.flatMap(({ asset, level }) =>
    level ? [{ ref: level, name: nameOf(asset.name, asset.id) }] : [],
  );
  const inflows = zones.flatMap(({ zone, inlets: [ref] }) => (ref ? [{ ref, name: nameOf(zone.name, zone.id) }] : []));
  return [...levels, ...inflows].slice(0, AT_MOST);
}

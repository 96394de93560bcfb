import { rangeBar } from '../charts/spark-path.ts';
import { useValueState } from '../hooks.ts';
import { metricName, nameOf, t } from '../i18n/language.ts';
import { liveOf } from '../live/feed.ts';
import { limitsOf } from '../live/plant-store.ts';
import { seriesAddress } from '../route.ts';
import { keyOf, type PlantView, type PointView, type SeriesRef, type SourceView } from '../view/plant-view.ts';
import { Sparkline } from './sparkline.tsx';
import { TankCard } from './tank-card.tsx';
import { AgeNote, Figure, ValueRow } from './value.tsx';
import { ZoneExcuse } from './zone-excuse.tsx';
import { ZoneRow } from './zone-row.tsx';

export function WaterSection({ view }: { view: PlantView }) {
  const { tanks, sources, zones, pressures, points } = view;
  if (tanks.length + sources.length + zones.length + pressures.length + points.length === 0) return null;
  return (
    <section class="section water" aria-labelledby="water">
      <h2 id="water">{t('water')}</h2>
      <div class="tanks">
        {tanks.map((tank) => (
          <TankCard key={tank.asset.id} tank={tank} />
        ))}
      </div>
      {sources.map((source) => (
        <SourceCard key={source.asset.id} source={source} />
      ))}
      {zones.length > 0 && (
        <article class="card">
          {zones.map((zone) => (
            <div key={zone.zone.id} class="zone">
              <ZoneRow zone={zone} />
              <ZoneExcuse zone={zone.zone} />
            </div>
          ))}
        </article>
      )}
      {pressures.length > 0 && <Pressures points={pressures} />}
      {points.map((point) => (
        <PointCard key={point.asset.id} point={point} />
      ))}
    </section>
  );
}

function SourceCard({ source: { asset, running, fault, values } }: { source: SourceView }) {
  const name = nameOf(asset.name, asset.id);
  const isFaulty = fault !== null && liveOf(fault).value?.value === true;
  return (
    <article class="card">
      {running ? <ValueRow of={running} label={name} /> : <h3 class="card-title">{name}</h3>}
      {isFaulty && <ValueRow of={fault} />}
      <Tiles values={values} />
    </article>
  );
}

function PointCard({ point }: { point: PointView }) {
  const name = nameOf(point.asset.name, point.asset.id);
  const [only] = point.values;
  return (
    <article class="card">
      {point.values.length === 1 && only ? (
        <ValueRow of={only} label={`${name}: ${metricName(only.metric)}`} />
      ) : (
        <div class="point">
          <h3 class="card-title">{name}</h3>
          <Tiles values={point.values} />
        </div>
      )}
    </article>
  );
}

/** Small values side by side, each with its name above. */
function Tiles({ values }: { values: readonly SeriesRef[] }) {
  if (values.length === 0) return null;
  return (
    <div class="tiles">
      {values.map((ref) => (
        <a key={keyOf(ref)} class="tile" href={seriesAddress(ref)}>
          <span class="tile-label">{metricName(ref.metric)}</span>
          <Figure of={ref} />
          <AgeNote of={ref} isShort />
        </a>
      ))}
    </div>
  );
}

function Pressures({ points }: { points: readonly PointView[] }) {
  return (
    <article class="card">
      <h3 class="card-title pressures-title">{t('pressures')}</h3>
      <div class="tiles tiles-wide">
        {points.flatMap((point) =>
          point.values.map((ref) => (
            <a key={keyOf(ref)} class="tile" href={seriesAddress(ref)}>
              <span class="tile-label">{nameOf(point.asset.name, point.asset.id)}</span>
              <span class="tile-line">
                <Figure of={ref} />
                <InRange of={ref} />
              </span>
            </a>
          )),
        )}
      </div>
    </article>
  );
}

/** Where the value stands between its limits; without limits, its day; its age where that is the news. */
function InRange({ of }: { of: SeriesRef }) {
  const state = useValueState(of);
  const value = liveOf(of).value?.value;
  if (state !== 'fresh') return <AgeNote of={of} isShort />;
  const bar = typeof value === 'number' ? rangeBar(limitsOf(of), value) : null;
  if (!bar) return <Sparkline of={of} />;
  const percent = (part: number) => `${(part * 100).toFixed(1)}%`;
  return (
    <span class="range" aria-hidden="true">
      <span class="range-normal" style={{ left: percent(bar.normalFrom), right: percent(1 - bar.normalTo) }} />
      <span class="range-at" style={{ left: percent(bar.at) }} />
    </span>
  );
}

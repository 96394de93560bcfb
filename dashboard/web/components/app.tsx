import { useSignalEffect } from '@preact/signals';
import { metricName, t } from '../i18n/language.ts';
import { link } from '../live/feed.ts';
import { plant, view } from '../live/plant-store.ts';
import { route } from '../navigation.ts';
import { placeName } from '../view/place-name.ts';
import { keyOf, type OtherView } from '../view/plant-view.ts';
import { AlarmList } from './alarm-list.tsx';
import { Facts, LightSection } from './light-section.tsx';
import { BlindBanner, PageHeader, SimBanner, title } from './page-header.tsx';
import { PlantMissing } from './plant-missing.tsx';
import { SeriesPage } from './series-page.tsx';
import { SessionLine } from './session-line.tsx';
import { TrendsSection } from './trends-section.tsx';
import { ValueRow } from './value.tsx';
import { WaterSection } from './water-section.tsx';

export function App() {
  useSignalEffect(() => {
    document.documentElement.dataset.link = link.value;
  });
  useSignalEffect(() => {
    const shown = route.value;
    document.title =
      shown.view === 'series'
        ? `${placeName(shown.ref.device)}: ${metricName(shown.ref.metric)} · ${title()}`
        : title();
  });
  const shown = route.value;
  return (
    <>
      <PageHeader />
      <SimBanner />
      <BlindBanner />
      {shown.view === 'series' && <SeriesPage key={keyOf(shown.ref)} of={shown.ref} />}
      {/* Kept in place behind a detail, so that going back finds it where it was. */}
      <main hidden={shown.view !== 'overview'}>
        <Overview />
        <SessionLine />
      </main>
    </>
  );
}

function Overview() {
  if (!plant.value || !view.value) return <PlantMissing />;
  if (plant.value.devices.length === 0 && view.value.others.length === 0)
    return <p class="message">{t('noDevices')}</p>;
  return (
    <div class="overview">
      <AlarmList />
      <WaterSection view={view.value} />
      <LightSection cabinets={view.value.cabinets} />
      <OtherDevices others={view.value.others} />
      <TrendsSection view={view.value} />
    </div>
  );
}

function OtherDevices({ others }: { others: readonly OtherView[] }) {
  if (others.length === 0) return null;
  return (
    <section class="section others" aria-labelledby="others">
      <h2 id="others">{t('otherDevices')}</h2>
      {others.map((other) => (
        <OtherDevice key={other.device} other={other} />
      ))}
    </section>
  );
}

function OtherDevice({ other }: { other: OtherView }) {
  const name = placeName(other.device);
  const [first] = other.values;
  return (
    <article class="card">
      {!first ? (
        <p class="row">
          <span class="row-label">{name}</span>
          <span class="figure figure-unknown">{t('never')}</span>
        </p>
      ) : other.values.length === 1 ? (
        <ValueRow of={first} label={`${name}: ${metricName(first.metric)}`} />
      ) : (
        <header class="card-head">
          <h3 class="card-title">{name}</h3>
          <Facts values={other.values} />
        </header>
      )}
    </article>
  );
}

/** A metered zone: what flows in, less what flows on and what its reservoirs take up. */
import { useComputed } from '@preact/signals';
import { meanLine } from '../charts/series-points.ts';
import type { Trend } from '../charts/trends.ts';
import { stateOf, useTrends } from '../hooks.ts';
import { nameOf, t } from '../i18n/language.ts';
import { now } from '../live/clock.ts';
import { liveOf } from '../live/feed.ts';
import { assetOf, deviceOf } from '../live/plant-store.ts';
import { seriesAddress } from '../route.ts';
import { worstOf } from '../view/age.ts';
import { ratePerHour, surfaceAt } from '../view/level-math.ts';
import type { SeriesRef, ZoneView } from '../view/plant-view.ts';
import { dayRequest, Sparkline } from './sparkline.tsx';
import { AgeNote, Amount, Figure } from './value.tsx';

export function ZoneRow({ zone }: { zone: ZoneView }) {
  const [first] = zone.inlets;
  if (!first) return null;
  const isPlain = zone.inlets.length === 1 && zone.outlets.length === 0 && zone.storage.length === 0;
  return (
    <a class="row row-zone" href={seriesAddress(first)}>
      <span class="row-label">{nameOf(zone.zone.name, zone.zone.id)}</span>
      {isPlain ? <Inflow of={first} /> : <NetInflow zone={zone} first={first} />}
      <Sparkline of={first} />
    </a>
  );
}

function Inflow({ of }: { of: SeriesRef }) {
  return (
    <>
      <Figure of={of} />
      <span class="note">
        {t('zoneInflow')} <AgeNote of={of} isShort />
      </span>
    </>
  );
}

/** Net inflow says only as much as the worst of its parts allows; with one missing it is the inflow alone. */
function NetInflow({ zone, first }: { zone: ZoneView; first: SeriesRef }) {
  const state = useComputed(() => worstOf([...zone.inlets, ...zone.outlets, ...zone.storage].map(stateOf))).value;
  const trends = useTrends(zone.storage.map(dayRequest));
  const taken = total(zone.storage.map((ref, i) => storageRate(ref, trends[i]?.value)));
  const inflow = total(zone.inlets.map(amountOf));
  const outflow = total(zone.outlets.map(amountOf));
  if (inflow === null || outflow === null || taken === null || state === 'bad' || state === 'unknown') {
    return <Inflow of={first} />;
  }
  return (
    <>
      <span class={`figure figure-${state}`}>
        <Amount value={inflow - outflow - taken} unit="m3/h" />
      </span>
      <span class="note">
        {t('zoneNet')} <AgeNote of={first} isShort />
      </span>
    </>
  );
}

function amountOf(ref: SeriesRef): number | null {
  const value = liveOf(ref).value?.value;
  return typeof value === 'number' ? value : null;
}

/** m3/h into a reservoir, by its level of the last hour. */
function storageRate(ref: SeriesRef, trend: Trend | undefined): number | null {
  const levelM = amountOf(ref);
  const pairs = assetOf(deviceOf(ref.device)?.asset ?? null)?.levelVolume;
  const rate = trend ? ratePerHour(meanLine(trend.points), now.peek()) : null;
  if (levelM === null || rate === null || !pairs) return null;
  const surface = surfaceAt(pairs, levelM);
  return surface === null ? null : rate * surface;
}

function total(parts: readonly (number | null)[]): number | null {
  return parts.reduce<number | null>((sum, part) => (sum === null || part === null ? null : sum + part), 0);
}

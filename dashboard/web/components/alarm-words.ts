/** What is said of an alarm in a line. */
import type { AlarmWire } from '../../wire.ts';
import type { TextKey } from '../i18n/catalogue.ts';
import { language, nameOf, quantityText, t } from '../i18n/language.ts';
import { now } from '../live/clock.ts';
import { plant, siteOf } from '../live/plant-store.ts';
import { moment } from '../view/format.ts';
import { placeName } from '../view/place-name.ts';

export const titleOf = ({ title, rule }: AlarmWire): string => nameOf(title, rule);

/** `critical · Upper tank · since 14:05 · 0.84 m, limit 1.00 m · acknowledged` */
export function factsOf(alarm: AlarmWire): string {
  const since = t('since', { time: timeAt(alarm.raisedAt, alarm.site) });
  const state = STATE_WORDS[alarm.state];
  const parts = [t(alarm.priority), placeOf(alarm), since, brokenText(alarm), state ? t(state) : ''];
  return parts.filter((part) => part !== '').join(' · ');
}

/** `14:05`, with the day where that is not today's; by the clocks of the site. */
export function timeAt(ms: number, site: string | null): string {
  return moment(ms, now.peek(), siteOf(site ?? undefined)?.timeZone ?? 'UTC', language.value);
}

/** The server's own alarms may be about a site. */
function placeOf({ device, site }: AlarmWire): string {
  const here = site === null ? undefined : plant.value?.sites.find(({ id }) => id === site);
  const siteName = here && nameOf(here.name, here.id);
  if (device === null) return siteName ?? t('server');
  const isOneOfMany = (plant.value?.sites.length ?? 0) > 1;
  return siteName && isOneOfMany ? `${placeName(device)}, ${siteName}` : placeName(device);
}

function brokenText({ metric, value, limit, unit }: AlarmWire): string {
  const isNumber = metric !== null && plant.value?.metrics[metric]?.type !== 'boolean';
  if (!isNumber || value === null) return '';
  const shown = quantityText(value, unit ?? '');
  return limit === null ? shown : `${shown}, ${t('limit', { value: quantityText(limit, unit ?? '') })}`;
}

/** Said of what is not simply new. */
const STATE_WORDS: Readonly<Partial<Record<AlarmWire['state'], TextKey>>> = {
  acknowledged: 'acknowledged',
  'returned-unacknowledged': 'overUnseen',
  latched: 'overLatched',
};

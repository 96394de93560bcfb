/** Water that is drawn on purpose, and the alarms that it explains (contract 3.11). Pure. */
import type { EXCUSES } from '../../../model/work.ts';
import type { AlarmWire, ZoneWire } from '../../wire.ts';

export type ExcuseKind = (typeof EXCUSES)[number];
/** Where water is drawn: one of them. */
export type ExcusePlace = { readonly zone: string } | { readonly site: string };

export const EXCUSE_HOURS = [1, 2, 4] as const;

/** What drawing water moves. */
const FLOWING: ReadonlySet<string | null> = new Set(['flow_rate', 'volume_total', 'pressure']);

/** Where it would explain an alarm: in the zone whose balance names the device, else at the site; null: nowhere. */
export function excusePlaceOf(alarm: AlarmWire, zones: readonly ZoneWire[]): ExcusePlace | null {
  const { device, metric, site, detector } = alarm;
  const isOfFlow = FLOWING.has(metric) && (detector === 'limit' || detector === 'rate');
  if (!isOfFlow || site === null) return null;
  const isHere = (ref: string): boolean => ref.startsWith(`${device}.`);
  const zone = zones.find(({ inlets, outlets, storage }) => [...inlets, ...outlets, ...storage].some(isHere));
  return zone ? { zone: zone.id } : { site };
}

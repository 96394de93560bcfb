/** Sun position and the switching times of a lighting circuit: pure arithmetic on coordinates and time. */
import { Body, Equator, Horizon, Observer, SearchRiseSet } from 'astronomy-engine';

export interface Place {
  /** Degrees, north and east positive. */
  readonly lat: number;
  readonly lon: number;
}

/** A lighting period, epoch ms. */
export interface LitPeriod {
  readonly onAt: number;
  readonly offAt: number;
}

const DAY_MS = 86_400_000;
const RISE = 1;
const SET = -1;

/** Altitude of the sun's centre above the horizon in degrees, without refraction. */
export function sunAltitudeDeg(place: Place, atMs: number): number {
  const time = new Date(atMs);
  const observer = new Observer(place.lat, place.lon, 0);
  const { ra, dec } = Equator(Body.Sun, time, observer, true, true);
  return Horizon(time, observer, ra, dec).altitude;
}

/** First sunrise or sunset (upper limb, standard refraction) after a time; null where the sun does not cross the horizon within two days. */
export function nextSunEvent(place: Place, event: 'sunrise' | 'sunset', afterMs: number): number | null {
  const observer = new Observer(place.lat, place.lon, 0);
  const found = SearchRiseSet(Body.Sun, observer, event === 'sunrise' ? RISE : SET, new Date(afterMs), 2);
  // Whole seconds: the search lands some ms apart for different starts.
  return found ? Math.round(found.date.getTime() / 1000) * 1000 : null;
}

/**
 * The lit period of a schedule (`sunset+10m` to `sunrise-10m`) that holds `atMs`, or else the next one.
 * Null where the sun gives no such period.
 */
export function litPeriod(
  place: Place,
  schedule: { readonly on: string; readonly off: string },
  atMs: number,
): LitPeriod | null {
  const on = parseSunTime(schedule.on);
  const off = parseSunTime(schedule.off);
  // A day back always starts before the period that may hold `atMs`.
  for (let from = atMs - DAY_MS; from <= atMs + DAY_MS; from += DAY_MS / 2) {
    const onEvent = nextSunEvent(place, on.event, from - on.offsetMs);
    if (onEvent === null) return null;
    const onAt = onEvent + on.offsetMs;
    const offEvent = nextSunEvent(place, off.event, onAt - off.offsetMs);
    if (offEvent === null) return null;
    const offAt = offEvent + off.offsetMs;
    if (offAt > atMs) return { onAt, offAt };
  }
  return null;
}

/** `sunset`, `sunrise-10m` and the like; `plant.yaml` has been checked for the form. */
function parseSunTime(text: string): { event: 'sunrise' | 'sunset'; offsetMs: number } {
  const [, event, minutes] = /^(sunset|sunrise)([+-]\d+)?/.exec(text) ?? [];
  return { event: event as 'sunrise' | 'sunset', offsetMs: Number(minutes ?? 0) * 60_000 };
}

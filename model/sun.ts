/** Sun position and the switching times of a lighting circuit: pure arithmetic on coordinates and time. */
import { Body, Equator, Horizon, Observer, SearchAltitude, SearchRiseSet } from 'astronomy-engine';

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
/** From the end of astronomical twilight to broad day: what lies beyond is a slip of the pen. */
const LOWEST_DEG = -18;
const HIGHEST_DEG = 10;

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
  return inSeconds(SearchRiseSet(Body.Sun, observer, event === 'sunrise' ? RISE : SET, new Date(afterMs), 2));
}

/** When the sun's centre next sinks, or rises, through an altitude (without refraction); null where it does not within two days. */
export function nextSunAltitude(
  place: Place,
  { altitudeDeg, isRising }: { readonly altitudeDeg: number; readonly isRising: boolean },
  afterMs: number,
): number | null {
  const observer = new Observer(place.lat, place.lon, 0);
  return inSeconds(SearchAltitude(Body.Sun, observer, isRising ? RISE : SET, new Date(afterMs), 2, altitudeDeg));
}

/** Whole seconds: the searches land some ms apart for different starts. */
function inSeconds(found: { readonly date: Date } | null): number | null {
  return found ? Math.round(found.date.getTime() / 1000) * 1000 : null;
}

/** `sunset`, `sunrise`, or the altitude of the sun's centre in degrees, each with an offset. */
interface SunTime {
  readonly event: 'sunset' | 'sunrise' | { readonly altitudeDeg: number };
  readonly offsetMs: number;
}

/** `sunset`, `sunrise-10m`, `sun-4deg`, `sun-4deg+5m`; null for what is none, or an altitude that says neither day nor night. */
export function parseSunTime(text: string): SunTime | null {
  const match = /^(?:(sunset|sunrise)|sun([+-]\d+(?:\.\d+)?)deg)([+-]\d+m)?$/.exec(text);
  if (!match) return null;
  const [, event, degrees, minutes] = match;
  const offsetMs = Number.parseInt(minutes ?? '0', 10) * 60_000;
  if (event !== undefined) return { event: event as 'sunset' | 'sunrise', offsetMs };
  const altitudeDeg = Number(degrees);
  return altitudeDeg >= LOWEST_DEG && altitudeDeg <= HIGHEST_DEG ? { event: { altitudeDeg }, offsetMs } : null;
}

/**
 * The lit period of a schedule (`sunset+10m` to `sunrise-10m`, `sun-4deg` to `sun-4deg`) that holds `atMs`, or else the
 * next one: an altitude is passed downwards to go on, upwards to go off. Null where the sun gives no such period.
 */
export function litPeriod(
  place: Place,
  schedule: { readonly on: string; readonly off: string },
  atMs: number,
): LitPeriod | null {
  const on = parseSunTime(schedule.on);
  const off = parseSunTime(schedule.off);
  if (!on || !off) return null;
  // A day back always starts before the period that may hold `atMs`.
  for (let from = atMs - DAY_MS; from <= atMs + DAY_MS; from += DAY_MS / 2) {
    const onAt = nextSunTime(place, { ...on, isRising: false }, from);
    if (onAt === null) return null;
    const offAt = nextSunTime(place, { ...off, isRising: true }, onAt);
    if (offAt === null) return null;
    if (offAt > atMs) return { onAt, offAt };
  }
  return null;
}

function nextSunTime(place: Place, time: SunTime & { readonly isRising: boolean }, afterMs: number): number | null {
  const { event, offsetMs, isRising } = time;
  const from = afterMs - offsetMs;
  const found =
    typeof event === 'string' ? nextSunEvent(place, event, from) : nextSunAltitude(place, { ...event, isRising }, from);
  return found === null ? null : found + offsetMs;
}

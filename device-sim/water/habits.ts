/** What a whole village does with water at times: gardens, taps left running in frost, the nights of Ramadan. */
import type { Site } from '../../model/plant.ts';
import { nextSunEvent } from '../../model/sun.ts';
import type { Faults } from '../faults.ts';
import type { LocalHour } from '../local-time.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Gardens are watered in the cool of the day. */
const WATERING = [
  { fromHour: 5, toHour: 8 },
  { fromHour: 18, toHour: 22 },
] as const;
const WATERING_HOURS = WATERING.reduce((sum, { fromHour, toHour }) => sum + toHour - fromHour, 0);
/** Neighbours do not begin at the same minute. */
const SPREAD_HOURS = 0.5;
/** The fast begins at first light, so long before sunrise. */
const FIRST_LIGHT_MS = 1.5 * HOUR_MS;
const MEAL_BEFORE_FAST_MS = 1.5 * HOUR_MS;
const EVENING_MS = 4 * HOUR_MS;

interface Habit {
  /** Of what the file's patterns say. */
  readonly factor: number;
  /** On top of it, as a part of the file's mean. */
  readonly ofMean: number;
  readonly perConnectionM3h: number;
}

export interface Habits {
  at(atMs: number): Habit;
}

const USUAL: Habit = { factor: 1, ofMean: 0, perConnectionM3h: 0 };
/** Before the fast a meal and washing, by day little, after sunset cooking, washing and guests. */
const RAMADAN = {
  meal: { factor: 1, ofMean: 0.9 },
  fast: { factor: 0.7, ofMean: 0 },
  evening: { factor: 1.25, ofMean: 0.2 },
  night: { factor: 1, ofMean: 0 },
} as const;

export interface HabitsOptions {
  readonly faults: Faults;
  readonly localHour: LocalHour;
  readonly site: Site | undefined;
}

export function createHabits({ faults, localHour, site }: HabitsOptions): Habits {
  const sun = site && createSunOfDay(site);
  const id = site?.id ?? '';
  return {
    at(atMs) {
      const irrigation = faults.acting('irrigation', id, atMs);
      const frost = faults.acting('frost-taps', id, atMs);
      const ramadan = faults.acting('ramadan', id, atMs);
      if (!irrigation && !frost && !ramadan) return USUAL;
      const gardensL = (irrigation?.sizes.litresPerConnectionDay ?? 0) * wateringShare(localHour(atMs));
      const perConnectionM3h = (gardensL + (frost?.sizes.litresPerConnectionHour ?? 0)) / 1000;
      return { ...(ramadan && sun ? RAMADAN[ramadanTime(sun(atMs), atMs)] : USUAL), perConnectionM3h };
    },
  };
}

/** Of a day's watering, per hour. */
function wateringShare(hour: number): number {
  let share = 0;
  for (const { fromHour, toHour } of WATERING) {
    const begun = (hour - fromHour) / SPREAD_HOURS + 0.5;
    const left = (toHour - hour) / SPREAD_HOURS + 0.5;
    share += Math.max(0, Math.min(1, begun, left));
  }
  return share / WATERING_HOURS;
}

interface SunOfDay {
  readonly sunriseMs: number;
  readonly sunsetMs: number;
}

function ramadanTime({ sunriseMs, sunsetMs }: SunOfDay, atMs: number): keyof typeof RAMADAN {
  const firstLightMs = sunriseMs - FIRST_LIGHT_MS;
  if (atMs >= firstLightMs && atMs < sunsetMs) return 'fast';
  if (atMs >= sunsetMs && atMs < sunsetMs + EVENING_MS) return 'evening';
  return atMs >= firstLightMs - MEAL_BEFORE_FAST_MS && atMs < firstLightMs ? 'meal' : 'night';
}

/** Sunrise and sunset of the solar day, which begins at the place's own midnight; found once a day. */
function createSunOfDay(site: Site): (atMs: number) => SunOfDay {
  const shiftMs = (site.lon / 360) * DAY_MS;
  let known = Number.NaN;
  let sun: SunOfDay = { sunriseMs: 0, sunsetMs: 0 };
  return (atMs) => {
    const day = Math.floor((atMs + shiftMs) / DAY_MS);
    if (day !== known) {
      const midnightMs = day * DAY_MS - shiftMs;
      // Where the sun does not cross the horizon, the clock stands for it.
      const sunriseMs = nextSunEvent(site, 'sunrise', midnightMs) ?? midnightMs + 6 * HOUR_MS;
      const sunsetMs = nextSunEvent(site, 'sunset', midnightMs) ?? midnightMs + 18 * HOUR_MS;
      sun = { sunriseMs, sunsetMs };
      known = day;
    }
    return sun;
  };
}

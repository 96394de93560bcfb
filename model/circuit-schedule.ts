/** How much light a circuit is to give at a time: sun, night windows and dimming. Pure. */
import type { Circuit } from './circuit.ts';
import { type LitPeriod, litPeriod, type Place } from './sun.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** From here on. */
interface LightStep {
  readonly atMs: number;
  /** Of the lamps' full power; 0: off. */
  readonly percent: number;
}

export interface CircuitSchedule {
  /** From the solar noon before `atMs` to the next: the first step is at that noon, times rise, in whole seconds. */
  steps(circuit: Circuit, atMs: number): readonly LightStep[];
  percentAt(circuit: Circuit, atMs: number): number;
}

export interface ScheduleOptions {
  readonly place: Place;
  /** Hour of the day, 0 to 24 with fraction, on the village's clocks. */
  localHour(atMs: number): number;
}

export function createCircuitSchedule({ place, localHour }: ScheduleOptions): CircuitSchedule {
  const keys = new Map<Circuit, string>();
  const known = new Map<string, readonly LightStep[]>();

  function keyOf(circuit: Circuit): string {
    const { on, off, nightOff, dim } = circuit;
    const key = keys.get(circuit) ?? JSON.stringify([on, off, nightOff, dim]);
    keys.set(circuit, key);
    return key;
  }

  function steps(circuit: Circuit, atMs: number): readonly LightStep[] {
    const noonMs = solarNoonBefore(place, atMs);
    const key = `${noonMs} ${keyOf(circuit)}`;
    const found = known.get(key);
    if (found) return found;
    const made = stepsOfDay(circuit, noonMs);
    // A few days around now: whoever looks back or ahead asks of the neighbours too.
    if (known.size >= 256) known.delete(known.keys().next().value ?? '');
    known.set(key, made);
    return made;
  }

  function stepsOfDay(circuit: Circuit, noonMs: number): LightStep[] {
    const periods = periodsOfDay(place, circuit, noonMs);
    const windows = [...(circuit.nightOff ? [circuit.nightOff] : []), ...circuit.dim.map(({ from, to }) => [from, to])];
    const times = periods.flatMap((period) => [
      period.onAt,
      period.offAt,
      ...windows.flat().flatMap((clock) => timesAt(hourOf(clock), period, localHour)),
    ]);
    const ofDay = times.filter((at) => at > noonMs && at < noonMs + DAY_MS).sort((a, b) => a - b);
    const steps = [noonMs, ...ofDay].map((atMs) => {
      const isLit = periods.some(({ onAt, offAt }) => atMs >= onAt && atMs < offAt);
      // Half a second into the step: its edges are whole seconds.
      return { atMs, percent: isLit ? windowPercent(circuit, localHour(atMs + 500)) : 0 };
    });
    return steps.filter(({ percent }, i) => percent !== steps[i - 1]?.percent);
  }

  return {
    steps,
    percentAt(circuit, atMs) {
      const ofDay = steps(circuit, atMs);
      let at = ofDay.length - 1;
      while (at > 0 && (ofDay[at]?.atMs ?? 0) > atMs) at--;
      return ofDay[at]?.percent ?? 0;
    },
  };
}

/**
 * The sun's search is always started at noon: started elsewhere it may land a second aside, and whoever asks after a
 * restart would hear of another time.
 */
function periodsOfDay(place: Place, circuit: Circuit, noonMs: number): LitPeriod[] {
  const periods: LitPeriod[] = [];
  let fromMs = noonMs;
  while (fromMs < noonMs + DAY_MS) {
    const period = litPeriod(place, circuit, fromMs);
    if (!period || period.onAt >= noonMs + DAY_MS) break;
    periods.push(period);
    fromMs = period.offAt;
  }
  return periods;
}

export function solarNoonBefore({ lon }: Place, atMs: number): number {
  const noonMs = Math.round(DAY_MS / 2 - (lon / 360) * DAY_MS);
  return Math.floor((atMs - noonMs) / DAY_MS) * DAY_MS + noonMs;
}

/** When the village's clocks show an hour within a period. */
function timesAt(hour: number, { onAt, offAt }: LitPeriod, localHour: (atMs: number) => number): number[] {
  const times: number[] = [];
  for (let near = onAt + hoursTo(hour, localHour(onAt)) * HOUR_MS; near < offAt; near += DAY_MS) {
    // The clocks may have been changed in between.
    const aside = ((hoursTo(hour, localHour(near)) + 12) % 24) - 12;
    times.push(Math.round((near + aside * HOUR_MS) / 1000) * 1000);
  }
  return times.filter((at) => at > onAt && at < offAt);
}

function hoursTo(hour: number, from: number): number {
  return (((hour - from) % 24) + 24) % 24;
}

function windowPercent({ nightOff, dim }: Circuit, hour: number): number {
  if (nightOff && isWithin(nightOff[0], nightOff[1], hour)) return 0;
  return dim.findLast(({ from, to }) => isWithin(from, to, hour))?.percent ?? 100;
}

function isWithin(from: string, to: string, hour: number): boolean {
  const [a, b] = [hourOf(from), hourOf(to)];
  return a < b ? hour >= a && hour < b : hour >= a || hour < b;
}

function hourOf(clock: string): number {
  const [hours, minutes] = clock.split(':');
  return Number(hours) + Number(minutes) / 60;
}

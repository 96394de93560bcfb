/** A supply through time: the position of its switches, and which lamps came to burn when. */
import { solarNoonBefore } from '../../model/circuit-schedule.ts';
import type { Place } from '../../model/sun.ts';
import type { Faults } from '../faults.ts';
import { type LampType, powerFactorOf, RESTRIKE_MS, WARM_AFTER_MS } from './lamps.ts';
import type { SwitchedLine } from './line.ts';
import type { ByPhase } from './mains.ts';
import type { Switched, Switches } from './switches.ts';

const DAY_MS = 86_400_000;

export interface LineState extends SwitchedLine {
  /** Those that wait to strike are among them. */
  readonly lampsOn: number;
  /** Lamps that came on together. */
  readonly groups: readonly LampGroup[];
}

interface LampGroup {
  readonly type: LampType;
  readonly watt: number;
  readonly powerFactor: number;
  readonly struckMs: number;
}

export interface SupplyState {
  readonly fromMs: number;
  readonly toMs: number;
  readonly phaseParts: ByPhase;
  readonly setV: number | null;
  readonly lines: readonly LineState[];
}

interface StatesOptions {
  readonly place: Place;
  readonly faults: Faults;
  readonly switches: Switches;
}

interface Day {
  /** When a state begins; the first at the solar noon. */
  readonly times: readonly number[];
  readonly switched: (Switched | undefined)[];
  readonly states: (SupplyState | undefined)[];
}

/** The state at a time, worked out once from one switching to the next and kept for a day or two. */
export function createStates({ place, faults, switches }: StatesOptions): (atMs: number) => SupplyState {
  const days = new Map<number, Day>();
  let revision = faults.revision;
  let last: SupplyState | null = null;

  function dayOf(atMs: number): { day: Day; index: number; noonMs: number } {
    const noonMs = solarNoonBefore(place, atMs);
    let day = days.get(noonMs);
    if (!day) {
      if (days.size >= 4) days.delete(days.keys().next().value ?? 0);
      const times = [...new Set([noonMs, ...switches.timesIn(noonMs, noonMs + DAY_MS)])];
      day = { times, switched: [], states: [] };
      days.set(noonMs, day);
    }
    return { day, index: indexAt(day.times, atMs), noonMs };
  }

  function switchedAt(atMs: number): { fromMs: number; switched: Switched } {
    const { day, index } = dayOf(atMs);
    const fromMs = day.times[index] ?? atMs;
    const switched = day.switched[index] ?? switches.at(fromMs);
    day.switched[index] = switched;
    return { fromMs, switched };
  }

  /** When a sodium lamp that is fed from `fromMs` on came to burn, or will. */
  function struckMs(fromMs: number, isFed: (switched: Switched) => boolean): number {
    let since = fromMs;
    while (since > fromMs - WARM_AFTER_MS) {
      const before = switchedAt(since - 1);
      if (!isFed(before.switched)) return since + coolingMs(since, isFed);
      since = before.fromMs;
    }
    return since;
  }

  /** How long the lamp that is fed again from `fromMs` on has still to cool. */
  function coolingMs(fromMs: number, isFed: (switched: Switched) => boolean): number {
    let dark = fromMs;
    while (dark > fromMs - RESTRIKE_MS) {
      const before = switchedAt(dark - 1);
      if (isFed(before.switched)) return RESTRIKE_MS - (fromMs - dark);
      dark = before.fromMs;
    }
    return 0;
  }

  function groupsOf(index: number, line: SwitchedLine, fromMs: number): LampGroup[] {
    const groups = new Map<string, { -readonly [K in keyof LampGroup]: LampGroup[K] }>();
    switches.lines[index]?.lamps.forEach(({ type, watt }, k) => {
      if (!line.isFed[k]) return;
      const struck = type === 'hps' ? struckMs(fromMs, ({ lines }) => lines[index]?.isFed[k] ?? false) : fromMs;
      const key = `${type} ${struck}`;
      const group = groups.get(key) ?? {
        type,
        watt: 0,
        powerFactor: powerFactorOf(type, line.isCapacitorGone),
        struckMs: struck,
      };
      group.watt += (watt * line.percent) / 100;
      groups.set(key, group);
    });
    return [...groups.values()];
  }

  return (atMs: number): SupplyState => {
    if (revision !== faults.revision) {
      days.clear();
      last = null;
      revision = faults.revision;
    }
    if (last && atMs >= last.fromMs && atMs < last.toMs) return last;
    const { day, index, noonMs } = dayOf(atMs);
    last = day.states[index] ?? null;
    if (last) return last;
    const { fromMs, switched } = switchedAt(atMs);
    last = {
      ...switched,
      fromMs,
      toMs: day.times[index + 1] ?? noonMs + DAY_MS,
      lines: switched.lines.map((line, i) => ({
        ...line,
        lampsOn: line.isFed.filter(Boolean).length,
        groups: groupsOf(i, line, fromMs),
      })),
    };
    day.states[index] = last;
    return last;
  };
}

/** Of rising times, the last that is not later. */
function indexAt(times: readonly number[], atMs: number): number {
  let [low, high] = [0, times.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((times[middle] ?? 0) <= atMs) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** What the watcher of series remembers of each device, series and condition. */
import type { MetricName } from '../../model/ids.ts';
import type { Device } from '../../model/plant.ts';
import { staleAfterMs } from '../../model/reading.ts';
import type { SeriesWatch } from '../../model/watch.ts';
import { type Detector, type Newest, type Standing, shifted } from './detector.ts';

export type AnyDetector = Detector<SeriesWatch, Standing>;

/** A condition. Changed in place, as are the two below: this runs per reading. */
export interface Slot {
  readonly watch: SeriesWatch;
  readonly detector: AnyDetector;
  series: readonly Series[];
  memory: Standing;
}

export interface Series extends Newest {
  readonly of: Known;
  readonly metric: MetricName;
  readonly slots: Slot[];
  ts: number;
  value: number | null;
  since: number;
}

/** A device that some rule watches. */
export interface Known {
  readonly everyMs: number;
  readonly staleMs: number;
  /** Those that have said something; null: no rule watches it. */
  readonly series: Map<MetricName, Series | null>;
  /** What reports on change and may become an alarm, or cease to be one, by standing. */
  readonly unsettled: Set<Series>;
  /** Time of its newest reading, and of the message before that. */
  signAt: number;
  signBeforeAt: number;
  /** Whether the newest bore the time of its receipt. */
  isSignReceipt: boolean;
}

export function toKnown({ everyS }: Device): Known {
  return {
    everyMs: everyS * 1000,
    staleMs: staleAfterMs(everyS),
    series: new Map(),
    unsettled: new Set(),
    signAt: Number.NEGATIVE_INFINITY,
    signBeforeAt: Number.NEGATIVE_INFINITY,
    isSignReceipt: false,
  };
}

export function toSeries(of: Known, metric: MetricName, device: Device | undefined): Series {
  const isOnChange = device?.metrics.get(metric)?.reporting === 'on-change';
  return {
    of,
    metric,
    slots: [],
    isOnChange,
    get heardAt() {
      return of.signAt;
    },
    ts: Number.NEGATIVE_INFINITY,
    value: null,
    since: Number.NEGATIVE_INFINITY,
    isStaleAt(ts) {
      return ts - (isOnChange ? of.signAt : this.ts) > of.staleMs;
    },
  };
}

/** What it said so far is on another clock than what it says now. */
export function shift(known: Known, byMs: number): void {
  known.signAt += byMs;
  known.signBeforeAt += byMs;
  for (const series of known.series.values()) {
    if (!series) continue;
    series.ts += byMs;
    series.since += byMs;
    for (const slot of series.slots) {
      const isAlone = slot.series.every(({ of }) => of === known);
      // Of two devices the delay begins anew: the other's clock is as it was.
      if (!isAlone) slot.memory = { ...slot.memory, crossedAt: null };
      else if (slot.series[0] === series) slot.memory = shifted(slot.memory, byMs);
    }
  }
}

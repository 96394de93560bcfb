/** All conditions on series: what each remembers, and what changes with a reading. */
import type { ConditionChange, ConditionRaise } from '../../model/condition.ts';
import type { DeviceId, MetricName } from '../../model/ids.ts';
import type { Plant } from '../../model/plant.ts';
import { bearsOwnTime, type Reading } from '../../model/reading.ts';
import type { SeriesWatch } from '../../model/watch.ts';
import { counters } from './counters.ts';
import { type Facts, notAhead, type Sample, type Standing } from './detector.ts';
import { due } from './due.ts';
import { frozen } from './frozen.ts';
import { limits } from './limits.ts';
import { mismatch } from './mismatch.ts';
import { phases } from './phases.ts';
import { rate } from './rate.ts';
import { type AnyDetector, type Known, type Series, type Slot, shift, toKnown, toSeries } from './series-state.ts';

/** By condition key: plain data. */
export type SeriesMemory = Readonly<Record<string, Standing>>;

export interface SeriesWatcher {
  /** Knows a reading without judging it: the newest of before a start. */
  recall(reading: Reading): void;
  /** Give it the readings of a device in device-time order, the live ones as they are news; it tells what changes. */
  take(reading: Reading): void;
  /** The clock of the receipts was set by so much: that ends no delay, and begins none. */
  shiftReceipts(byMs: number): void;
  /** Time of the newest reading of a device; -Infinity before the first. */
  newestAt(device: DeviceId): number;
  /** Ends what is active, of one device or of all, and forgets it. */
  forget(device?: DeviceId): void;
  /** What delays, windows and sums a restart may not lose. */
  memory(): SeriesMemory;
}

export interface SeriesWatcherOptions {
  readonly plant: Plant;
  readonly watches: readonly SeriesWatch[];
  /** Historical ones are told as such. */
  readonly isHistorical: boolean;
  readonly memory: SeriesMemory;
  /** At the start, epoch ms; left out: nothing is kept that could lie ahead of it. */
  readonly nowMs?: number;
  /** Of the condition, before the start. */
  readonly isActive: (key: string) => boolean;
  readonly tell: (change: ConditionChange) => void;
}

/** Each gets the watches of its own kind only. */
const DETECTORS = {
  limit: limits,
  rate,
  frozen,
  counter: counters,
  due,
  mismatch,
  phases,
} as unknown as Readonly<Record<SeriesWatch['detect'], AnyDetector>>;

export function createSeriesWatcher(options: SeriesWatcherOptions): SeriesWatcher {
  const { plant, watches, isHistorical, memory: kept, nowMs = Number.POSITIVE_INFINITY, isActive, tell } = options;
  /** What is made of it comes with the first reading: a device without a profile may say much, and says little. */
  const watchesBy = new Map<DeviceId, SeriesWatch[]>();
  const devices = new Map<DeviceId, Known>();
  const slots = new Map<SeriesWatch, Slot>();

  /** Undefined where no rule watches it. */
  function knownOf(id: DeviceId): Known | undefined {
    const device = watchesBy.has(id) ? plant.devices.get(id) : undefined;
    if (!device) return undefined;
    const known = toKnown(device);
    devices.set(id, known);
    return known;
  }

  /** With every condition that it is part of; null where it is part of none. */
  function seriesOf(id: DeviceId, metric: MetricName): Series | null {
    const known = devices.get(id) ?? knownOf(id);
    const made = known?.series.get(metric);
    if (!known || made !== undefined) return made ?? null;
    const own = (watchesBy.get(id) ?? []).filter(({ series }) =>
      series.some((s) => s.device === id && s.metric === metric),
    );
    const series = own.length > 0 ? toSeries(known, metric, plant.devices.get(id)) : null;
    // Before its conditions are made: these ask for it again.
    known.series.set(metric, series);
    for (const watch of own) series?.slots.push(slotOf(watch));
    return series;
  }

  function slotOf(watch: SeriesWatch): Slot {
    const made = slots.get(watch);
    if (made) return made;
    const detector = DETECTORS[watch.detect];
    const slot: Slot = { watch, detector, series: [], memory: memoryOf(watch, detector) };
    slots.set(watch, slot);
    slot.series = watch.series.map(({ device, metric }) => seriesOf(device, metric)).filter((s) => s !== null);
    return slot;
  }

  /** The same object for all that have nothing to remember. */
  function memoryOf({ key }: SeriesWatch, { start }: AnyDetector): Standing {
    if (!kept[key] && !isActive(key)) return start;
    return notAhead({ ...start, ...kept[key], isActive: isActive(key) }, nowMs);
  }

  for (const watch of watches) {
    for (const id of new Set(watch.series.map(({ device }) => device))) {
      const own = watchesBy.get(id);
      if (own) own.push(watch);
      else watchesBy.set(id, [watch]);
    }
  }
  // What is remembered is kept on, also where nothing more comes.
  for (const watch of watches) if (kept[watch.key] || isActive(watch.key)) slotOf(watch);

  /** Judges one series, with `ts` and `value` as its newest. */
  function judge(series: Series, ts: number, gapMs: number): void {
    const { of } = series;
    const wasSilent = gapMs > of.staleMs;
    const { metric, value } = series;
    const believedMs = wasSilent ? of.everyMs : gapMs;
    let isUnsettled = false;
    for (const slot of series.slots) {
      const sample = { metric, ts, value, gapMs: believedMs, wasSilent, newest: slot.series };
      const before = slot.memory;
      const after = slot.detector.evaluate(slot.watch, before, sample);
      slot.memory = after;
      if (after.crossedAt !== null) isUnsettled = true;
      if (after.isActive !== before.isActive) tellChange(slot, sample);
    }
    if (!series.isOnChange) return;
    if (isUnsettled) of.unsettled.add(series);
    else of.unsettled.delete(series);
  }

  function tellChange({ watch, detector, memory }: Slot, sample: Sample): void {
    const { key } = watch;
    if (memory.isActive) tell(raise(watch, detector.facts(watch, memory, sample), sample.ts, isHistorical));
    else tell({ kind: 'return', key, at: sample.ts, isHistorical });
  }

  /** What stood at the device's last sign of life. Not yet at this one: the same message may bring news of it. */
  function confirm(known: Known): void {
    for (const series of known.unsettled) {
      if (series.ts < known.signAt) judge(series, known.signAt, known.signAt - known.signBeforeAt);
    }
  }

  function noteSign(known: Known, { ts, isReceipt = false }: Reading): void {
    known.isSignReceipt = isReceipt;
    if (ts <= known.signAt) return;
    if (known.unsettled.size > 0) confirm(known);
    known.signBeforeAt = known.signAt;
    known.signAt = ts;
  }

  /** It is news all the same: what was known lay in the future, and a reading comes an interval after the one before. */
  function putBack(known: Known, ts: number): void {
    shift(known, ts - known.everyMs - known.signAt);
  }

  function forgetKnown(known: Known): void {
    known.unsettled.clear();
    for (const series of known.series.values()) {
      if (!series) continue;
      for (const slot of series.slots) {
        if (slot.memory.isActive) tell({ kind: 'return', key: slot.watch.key, at: known.signAt, isHistorical });
        slot.memory = slot.detector.start;
      }
      series.ts = Number.NEGATIVE_INFINITY;
      series.since = Number.NEGATIVE_INFINITY;
      series.value = null;
    }
    known.signAt = Number.NEGATIVE_INFINITY;
    known.signBeforeAt = Number.NEGATIVE_INFINITY;
  }

  return {
    recall(reading) {
      const { device, metric, ts, value } = reading;
      const series = seriesOf(device, metric);
      if (!series) return;
      const known = series.of;
      if (ts > known.signAt) known.isSignReceipt = !bearsOwnTime(reading);
      known.signAt = Math.max(known.signAt, ts);
      Object.assign(series, { ts, value, since: ts });
      // Whether it was judged before the end, nobody knows; the next sign of life of its device does it.
      if (series.isOnChange) known.unsettled.add(series);
    },
    take(reading) {
      const { device, metric, ts, value } = reading;
      const known = devices.get(device) ?? knownOf(device);
      if (!known) return;
      const made = known.series.get(metric);
      const series = made === undefined ? seriesOf(device, metric) : made;
      if (!isHistorical && series && ts <= series.ts) putBack(known, ts);
      noteSign(known, reading);
      if (!series || ts <= series.ts) return;
      // What reports on change stood until the message before.
      const gapMs = ts - (series.isOnChange ? known.signBeforeAt : series.ts);
      series.ts = ts;
      if (value !== series.value) {
        series.value = value;
        series.since = ts;
      }
      judge(series, ts, gapMs);
    },
    shiftReceipts(byMs) {
      for (const known of devices.values()) if (known.isSignReceipt) shift(known, byMs);
    },
    newestAt: (device) => devices.get(device)?.signAt ?? Number.NEGATIVE_INFINITY,
    forget(device) {
      if (device === undefined) for (const known of devices.values()) forgetKnown(known);
      else {
        const known = devices.get(device);
        if (known) forgetKnown(known);
      }
    },
    memory: () =>
      Object.fromEntries(
        [...slots.values()]
          .filter(({ detector, memory }) => detector.isWorthKeeping(memory))
          .map(({ watch, memory }) => [watch.key, memory]),
      ),
  };
}

function raise(watch: SeriesWatch, facts: Facts, at: number, isHistorical: boolean): ConditionRaise {
  const { key, rule, detect, priority, latches, settleS, site, asset, device, metric } = watch;
  const subject = { site, asset, device, metric };
  return {
    kind: 'raise',
    key,
    rule,
    detector: detect,
    priority,
    at,
    isHistorical,
    latches,
    settleS,
    ...subject,
    ...facts,
  };
}

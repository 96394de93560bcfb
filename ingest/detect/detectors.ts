/** All detectors over the plant: what ingest hears goes in, changes of condition come out. */
import type { ConditionChange, ConditionRaise } from '../../model/condition.ts';
import type { DeviceId } from '../../model/ids.ts';
import type { Plant } from '../../model/plant.ts';
import { type Reading, staleAfterMs } from '../../model/reading.ts';
import type { Rule } from '../../model/rule.ts';
import type { ClockWatch, DueWatch, SeriesWatch, SilenceWatch, Watch } from '../../model/watch.ts';
import { watchesOf } from '../../model/watches.ts';
import type { Accepted } from '../accept.ts';
import { MAX_AHEAD_MS } from '../server-clock.ts';
import { createClockWatcher } from './clock-watch.ts';
import { isDueAt } from './due.ts';
import { createSeriesWatcher, type SeriesMemory } from './series-watch.ts';
import { createSilenceWatcher, type SilenceKept } from './silence-watch.ts';

/** What a restart may not lose, as plain data. Windows of rates and means, and clocks, begin anew. */
export interface DetectorMemory {
  readonly version: 1;
  readonly series: SeriesMemory;
  readonly silence: SilenceKept;
}

export const NO_MEMORY: DetectorMemory = { version: 1, series: {}, silence: {} };

export interface Detectors {
  /** A message, as it was accepted at that time, epoch ms: its device is alive, whatever becomes of its readings. */
  hear(accepted: Accepted, nowMs: number): void;
  /** Readings that were stored, and those of them that are news to the live state. */
  take(stored: readonly Reading[], news: readonly Reading[]): void;
  /** Once a second: who is silent, whose clock is off, what is due. */
  sweep(): void;
  /** Whether a condition of that key can be. */
  isWatched(key: string): boolean;
  memory(): DetectorMemory;
}

export interface DetectorOptions {
  readonly plant: Plant;
  readonly rules: readonly Rule[];
  /** As it was kept before the restart. */
  readonly memory: DetectorMemory;
  /** The newest reading of every series. */
  readonly newest: readonly Reading[];
}

export interface DetectorDependencies {
  /** Of the live condition; the alarm desk knows it over a restart. */
  readonly isActive: (key: string) => boolean;
  readonly tell: (change: ConditionChange) => void;
  /** Epoch ms, as it is to be believed. */
  readonly now: () => number;
  readonly isClockRight: () => boolean;
  readonly uptimeMs: () => number;
  /** By how much a device's times keep behind `now`, message after message: its clock or ours is wrong, and it speaks of the present. */
  readonly lagMs?: (device: DeviceId) => number;
}

/** `now` that has gone further or less far than the uptime was set. */
const SET_MS = 30_000;
/** After so long without a late reading, a replay is over, and what it left open with it. */
const PAST_IDLE_MS = 60_000;
/** Readings older than this are a replay: they say nothing of whether the device lives. */
const ALIVE_MS = 24 * 3_600_000;

export function createDetectors(options: DetectorOptions, dependencies: DetectorDependencies): Detectors {
  const { plant, rules, memory, newest } = options;
  const { isActive, tell, now, isClockRight, uptimeMs, lagMs = () => 0 } = dependencies;
  const watches = watchesOf(rules, plant);
  const of = <D extends Watch['detect']>(...kinds: D[]) =>
    watches.filter((watch) => (kinds as string[]).includes(watch.detect));
  const dates = of('due').filter((watch): watch is DueWatch => watch.detect === 'due' && watch.dueAt !== null);
  const onSeries = of('limit', 'rate', 'frozen', 'counter', 'due', 'mismatch', 'phases') as readonly SeriesWatch[];
  const live = createSeriesWatcher({
    plant,
    watches: onSeries,
    isHistorical: false,
    memory: memory.series,
    nowMs: now(),
    isActive,
    tell,
  });
  const past = createSeriesWatcher({
    plant,
    // Backlogs come device by device: what two of them said at one time cannot be compared.
    watches: onSeries.filter(({ series }) => new Set(series.map(({ device }) => device)).size <= 1),
    isHistorical: true,
    memory: {},
    isActive: () => false,
    tell,
  });
  const silence = createSilenceWatcher({
    plant,
    watches: of('silence') as readonly SilenceWatch[],
    memory: memory.silence,
    isActive,
    tell,
    now,
    uptimeMs,
  });
  const clocks = createClockWatcher({ watches: of('clock') as readonly ClockWatch[], isActive, tell, now, uptimeMs });
  const keys = new Set(watches.map(({ key }) => key));
  let pastAt: number | null = null;
  let offsetMs = now() - uptimeMs();

  for (const reading of newest) {
    // What lies in the future is not what was there before the start.
    if (reading.ts <= now() + MAX_AHEAD_MS) live.recall(reading);
    silence.recall(reading.device, reading.metric);
  }

  /** What bears the time of its receipt came just now; so did what comes late by the same time again and again. */
  function isLate({ device, ts, isReceipt }: Reading, nowMs: number, oldMs: number): boolean {
    return isReceipt !== true && nowMs - ts > oldMs && nowMs - ts - lagMs(device) > oldMs;
  }

  /** A late or replayed reading fills the record; it raises and clears nothing that is live (contract 2.4). */
  function takePast(reading: Reading): void {
    const { device, ts } = reading;
    // An older pass over the same time begins.
    if (past.newestAt(device) - ts > staleMs(plant, device)) past.forget(device);
    past.take(reading);
    pastAt = uptimeMs();
  }

  /** Receipts bear the time that was believed; where that is corrected, what is remembered of them goes with it. */
  function followClock(nowMs: number): void {
    const stepMs = nowMs - uptimeMs() - offsetMs;
    if (Math.abs(stepMs) <= SET_MS) return;
    offsetMs += stepMs;
    live.shiftReceipts(stepMs);
  }

  function sweepDates(): void {
    const nowMs = now();
    for (const watch of dates) {
      const isDue = isDueAt(watch, nowMs);
      if (isDue === isActive(watch.key)) continue;
      tell(isDue ? raiseDue(watch, nowMs) : { kind: 'return', key: watch.key, at: nowMs, isHistorical: false });
    }
  }

  return {
    hear({ device, frames, readings }, nowMs) {
      if (device === null) return;
      const newestTs = newestTime(frames);
      if (newestTs !== null) {
        const isOld = nowMs - newestTs > ALIVE_MS && readings.every(({ ts }) => nowMs - ts > ALIVE_MS);
        const isReplay = isOld && nowMs - newestTs - lagMs(device) > ALIVE_MS;
        if (isReplay) return;
        clocks.hear(device, newestTs, nowMs);
      }
      silence.hear(device, readings);
    },
    take(stored, news) {
      const nowMs = now();
      followClock(nowMs);
      let next = 0;
      let of: DeviceId | null = null;
      let oldMs = 0;
      for (const reading of stored) {
        const isNews = reading === news[next];
        if (isNews) next++;
        // Readings of a device come together.
        if (reading.device !== of) oldMs = staleMs(plant, reading.device);
        of = reading.device;
        if (isLate(reading, nowMs, oldMs)) takePast(reading);
        else if (isNews) live.take(reading);
      }
    },
    sweep() {
      followClock(now());
      silence.sweep();
      // Against a wrong clock of our own, every other one is off.
      if (isClockRight()) clocks.sweep();
      sweepDates();
      if (pastAt === null || uptimeMs() - pastAt < PAST_IDLE_MS) return;
      past.forget();
      pastAt = null;
    },
    isWatched: (key) => keys.has(key),
    memory: () => ({ version: 1, series: live.memory(), silence: silence.memory() }),
  };
}

/** Of those that name one. */
function newestTime(frames: Accepted['frames']): number | null {
  let newestTs: number | null = null;
  for (const { ts } of frames) if (typeof ts === 'number' && (newestTs === null || ts > newestTs)) newestTs = ts;
  return newestTs;
}

function staleMs(plant: Plant, device: DeviceId): number {
  return staleAfterMs(plant.devices.get(device)?.everyS ?? 0);
}

function raiseDue(watch: DueWatch, at: number): ConditionRaise {
  const { key, rule, priority, latches, settleS, site, asset, device, metric, dueAt } = watch;
  const subject = { site, asset, device, metric, value: null, limit: null };
  const condition = { key, rule, detector: 'due' as const, priority, latches, settleS };
  return { kind: 'raise', ...condition, at, isHistorical: false, ...subject, values: { dueAt: dueAt ?? at } };
}

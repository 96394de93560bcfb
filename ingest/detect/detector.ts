/** What the detectors of series have in common: their memory, what they are shown, and the delays (alarm semantics 3a, 3b). */
import type { ConditionFacts } from '../../model/condition.ts';
import type { MetricName } from '../../model/ids.ts';
import type { Delays, SeriesWatch } from '../../model/watch.ts';

/** Where a condition stands. */
export interface Standing {
  readonly isActive: boolean;
  /** Device time since when it has been on the other side without a break; null while it is not. */
  readonly crossedAt: number | null;
}

export const CALM: Standing = { isActive: false, crossedAt: null };

/** The newest of a series, as its own device tells it. */
export interface Newest {
  readonly ts: number;
  /** Null: it could not be read. */
  readonly value: number | null;
  /** Since when it has said so. */
  readonly since: number;
  readonly isOnChange: boolean;
  /** When its device was last heard of at all. */
  readonly heardAt: number;
  /** Whether at that time it was too old to be believed. */
  isStaleAt(ts: number): boolean;
}

/** One reading, as a detector sees it. */
export interface Sample {
  readonly metric: MetricName;
  /** Device time. */
  readonly ts: number;
  /** Null: it could not be read. It neither raises nor clears. */
  readonly value: number | null;
  /** Since the reading before; after a silence, one interval. */
  readonly gapMs: number;
  /** Nobody knows what was before it: the device has been silent longer than it may. */
  readonly wasSilent: boolean;
  /** In the order of the watch's series, this reading included. */
  readonly newest: readonly Newest[];
}

export interface Facts {
  readonly value: number | null;
  readonly limit: number | null;
  readonly values: ConditionFacts;
}

/** A kind of rule on series: pure, so that a table can test it. It gives back the same memory where nothing has changed. */
export interface Detector<W extends SeriesWatch, M extends Standing> {
  readonly start: M;
  evaluate(watch: W, memory: M, sample: Sample): M;
  /** What raised it. */
  facts(watch: W, memory: M, sample: Sample): Facts;
  /** Whether a restart may not forget it. */
  isWorthKeeping(memory: M): boolean;
}

/** That a delay runs is worth keeping. What is active, the alarm desk knows. */
export function isDelayed({ crossedAt }: Standing): boolean {
  return crossedAt !== null;
}

/**
 * The standing after a look at whether the condition holds. Where readings come no oftener than the delay, the first
 * one beyond counts; after a silence the delay begins anew.
 */
export function settle<M extends Standing>(memory: M, holds: boolean, { delays, sample }: Look): M {
  if (holds === memory.isActive) return memory.crossedAt === null ? memory : { ...memory, crossedAt: null };
  const { ts, gapMs, wasSilent } = sample;
  const crossedAt = wasSilent ? ts : (memory.crossedAt ?? ts);
  const delayMs = memory.isActive ? delays.offDelayMs : delays.onDelayMs;
  if (gapMs >= delayMs || ts - crossedAt >= delayMs) return { ...memory, isActive: !memory.isActive, crossedAt: null };
  return crossedAt === memory.crossedAt ? memory : { ...memory, crossedAt };
}

export interface Look {
  readonly delays: Delays;
  readonly sample: Pick<Sample, 'ts' | 'gapMs' | 'wasSilent'>;
}

/** The keys of a memory that are times; 0 and null are none. */
const TIMES: ReadonlySet<string> = new Set(['crossedAt', 'since', 'newestAt', 'roseAt', 'at', 'fellAt']);

/** The same memory on a clock that was set by so much: what has run so far goes on running. */
export function shifted<M extends Standing>(memory: M, byMs: number): M {
  const shift = (key: string, kept: unknown): unknown => {
    if (key === 'points') return (kept as readonly (readonly [number, number])[]).map(([ts, v]) => [ts + byMs, v]);
    return TIMES.has(key) && typeof kept === 'number' && kept !== 0 ? kept + byMs : kept;
  };
  return Object.fromEntries(Object.entries(memory).map(([key, kept]) => [key, shift(key, kept)])) as unknown as M;
}

/** A memory of a former run whose times lie ahead: it was kept by a clock that was ahead, and is as old as can be now. */
export function notAhead<M extends Standing>(memory: M, nowMs: number): M {
  const times = Object.entries(memory).filter(([key, kept]) => TIMES.has(key) && typeof kept === 'number');
  const latest = Math.max(0, ...times.map(([, kept]) => kept as number));
  return latest > nowMs ? shifted(memory, nowMs - latest) : memory;
}

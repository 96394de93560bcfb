/** Counters: one that stands although what drives it runs, one that goes backwards, one that was reset. */
import type { CounterWatch } from '../../model/watch.ts';
import { CALM, type Detector, type Sample, type Standing } from './detector.ts';

export interface CounterMemory extends Standing {
  /** Highest since the last step back; null before the first reading. */
  readonly total: number | null;
  /** What should have been counted since it last rose, and since when. */
  readonly owed: number;
  readonly roseAt: number;
  /** The driver as of `at`, per hour of the counter's unit. */
  readonly drive: number;
  readonly at: number;
  /** The last step back. */
  readonly fellFrom: number;
  readonly fellAt: number | null;
}

const HOUR_MS = 3_600_000;

export const counters: Detector<CounterWatch, CounterMemory> = {
  start: { ...CALM, total: null, owed: 0, roseAt: 0, drive: 0, at: 0, fellFrom: 0, fellAt: null },
  evaluate: (watch, memory, sample) => {
    if (sample.value === null) return memory;
    return watch.fault === 'stuck' ? evaluateStuck(watch, memory, sample) : evaluateStep(watch, memory, sample);
  },
  facts: ({ fault, by }, { total, owed, fellFrom, at, roseAt }) => {
    if (fault !== 'stuck') return { value: total, limit: null, values: { before: fellFrom } };
    const values = { missing: Number(owed.toPrecision(3)), sinceMin: Math.floor((at - roseAt) / 60_000) };
    return { value: total, limit: by, values };
  },
  isWorthKeeping: ({ owed, fellAt }) => owed > 0 || fellAt !== null,
};

/** What the driver has brought since the look before is owed until the total rises. */
function evaluateStuck(watch: CounterWatch, memory: CounterMemory, sample: Sample): CounterMemory {
  const { ts, value, wasSilent } = sample;
  const [counter, driver] = sample.newest;
  const isCounter = sample.metric === watch.series[0]?.metric;
  const drive = driver?.value == null || driver.isStaleAt(ts) ? 0 : Math.max(0, driver.value * watch.perHour);
  const hasRisen = isCounter && value !== memory.total;
  if (hasRisen || wasSilent || memory.at === 0) {
    const total = isCounter ? value : (counter?.value ?? null);
    return { ...memory, isActive: false, total, owed: 0, roseAt: ts, drive, at: ts };
  }
  const owed = memory.owed + (memory.drive * Math.max(0, ts - memory.at)) / HOUR_MS;
  const isBehind = isCounter && owed >= watch.by && ts - memory.roseAt >= watch.forMs;
  return { ...memory, isActive: memory.isActive || isBehind, owed, drive, at: ts };
}

/** A step back is over by itself after a while: nothing else would ever end it. */
function evaluateStep(watch: CounterWatch, memory: CounterMemory, { ts, value }: Sample): CounterMemory {
  const before = memory.total;
  if (value === null) return memory;
  if (before !== null && value < before && !isRollOver(before, value)) {
    if ((watch.fault === 'reset') === isReset(before, value) && before - value > watch.by) {
      return { ...memory, isActive: true, total: value, fellFrom: before, fellAt: ts };
    }
    // A small step is remembered as the total before it: many of them are one great one.
    return isReset(before, value) ? { ...memory, total: value } : over(watch, memory, ts);
  }
  return over(watch, value === before ? memory : { ...memory, total: value }, ts);
}

function over({ holdMs }: CounterWatch, memory: CounterMemory, ts: number): CounterMemory {
  if (memory.fellAt === null || ts - memory.fellAt < holdMs) return memory;
  return { ...memory, isActive: false, fellAt: null };
}

/** Back to about nothing: a new meter, or one that lost its memory. */
function isReset(before: number, value: number): boolean {
  return Math.abs(value) < Math.abs(before) / 100;
}

/** A meter of so many digits goes from nines to noughts. */
function isRollOver(before: number, value: number): boolean {
  const full = 10 ** Math.ceil(Math.log10(Math.max(before, 1)));
  return full >= 1e4 && before >= full * 0.99 && value >= 0 && value <= full * 0.01;
}

/** The rate of a counter: what it has risen over a window, where a roll-over is not taken for a reset nor a reset for water. */
export interface CounterFlowOptions {
  readonly windowMs: number;
  /** At which the counter is 0 again; null where it never is. */
  readonly rollsOverAt: number | null;
  /** Of the rate, in counts an hour: more cannot be true. */
  readonly maxPerHour: number;
}

export interface CounterFlow {
  /** Counts an hour; null where there is none to tell: no reading, or a reset since; undefined before the second reading. */
  add(atMs: number, count: number | null): number | null | undefined;
  /** Times that the counter was set back. */
  resets(): number;
}

interface Sample {
  readonly atMs: number;
  /** As if it had never rolled over. */
  readonly count: number;
}

const HOUR_MS = 3_600_000;
/** A roll-over seen within this part of the whole range; beyond, it is a reset. */
const ROLL_OVER_PART = 0.25;

export function createCounterFlow(options: CounterFlowOptions): CounterFlow {
  let samples: Sample[] = [];
  let lastSaid = 0;
  let resets = 0;

  /** Undefined: the first of all. */
  function unrolled(atMs: number, said: number): number | null | undefined {
    const last = samples.at(-1);
    if (!last) return undefined;
    const risen = rise(lastSaid, said, { ...options, ms: atMs - last.atMs });
    return risen === null ? null : last.count + risen;
  }

  return {
    add(atMs, said) {
      if (said === null) return null;
      const count = unrolled(atMs, said);
      if (count === null) resets++;
      if (count === null) samples = [];
      samples.push({ atMs, count: count ?? said });
      lastSaid = said;
      samples = windowOf(samples, atMs - options.windowMs);
      return typeof count === 'number' ? slope(samples) : count;
    },
    resets: () => resets,
  };
}

/** What it has risen from one reading to the next; null: it was set back. */
function rise(before: number, said: number, limits: CounterFlowOptions & { readonly ms: number }): number | null {
  if (said >= before) return said - before;
  const { rollsOverAt, maxPerHour, ms } = limits;
  if (rollsOverAt === null) return null;
  const risen = said + rollsOverAt - before;
  const isPossible = risen <= ROLL_OVER_PART * rollsOverAt && (risen * HOUR_MS) / ms <= maxPerHour;
  return isPossible ? risen : null;
}

/** It begins with the newest sample that is as old as it. */
function windowOf(samples: Sample[], beginMs: number): Sample[] {
  const first = samples.findLastIndex(({ atMs }) => atMs <= beginMs);
  return first > 0 ? samples.slice(first) : samples;
}

/** An hour, between the first and the last; differences of long totals carry the dirt of binary fractions. */
function slope(samples: readonly Sample[]): number | undefined {
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last || last.atMs <= first.atMs) return undefined;
  return Number((((last.count - first.count) * HOUR_MS) / (last.atMs - first.atMs)).toPrecision(9));
}

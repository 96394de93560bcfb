/** What is served and was never true, and what was true and is not served. */
import type { Point, Said } from './damage-ask.ts';

export interface Difference {
  /** Served, and not so stored; sentences. */
  readonly lies: readonly string[];
  /** Kinds of what is not served any more, with a count. */
  readonly missing: readonly string[];
}

const MOST_TOLD = 5;

export function compare(truth: Said, said: Said): Difference {
  const lies = [
    ...lyingReadings(truth, said),
    ...lyingBuckets(truth, said),
    ...lyingLive(truth, said),
    ...lyingFacts(truth, said),
  ];
  return { lies: lies.slice(0, MOST_TOLD), missing: missingOf(truth, said) };
}

function* lyingReadings(truth: Said, said: Said): Iterable<string> {
  for (const [name, points] of said.series) {
    const known = truth.series.get(name);
    for (const point of points) if (!isTrue(known, point)) yield `${name} ${point}`;
  }
}

function isTrue(known: ReadonlyMap<number, number | null> | undefined, [ts, value]: Point): boolean {
  return known?.has(ts) === true && Object.is(known.get(ts), value);
}

/** Of a bucket with gaps the mean is another, but none of it can lie outside of what was there. */
function* lyingBuckets(truth: Said, said: Said): Iterable<string> {
  for (const [name, buckets] of said.buckets) {
    const known = new Map(truth.buckets.get(name)?.map((bucket) => [bucket[0], bucket]));
    for (const [start, min, max, mean] of buckets) {
      const [, least = null, most = null] = known.get(start ?? null) ?? [];
      const isWithin = [min, max, mean].every(
        (value) => value != null && least !== null && most !== null && value >= least - 1e-9 && value <= most + 1e-9,
      );
      const isNothing = min === null && max === null && mean === null && known.has(start ?? null);
      if (!isWithin && !isNothing) yield `${name} bucket ${start}: ${min} to ${max}, mean ${mean}`;
    }
  }
}

function* lyingLive(truth: Said, said: Said): Iterable<string> {
  for (const { device, metric, ts, value } of said.live) {
    if (!isTrue(truth.series.get(`${device}/${metric}`), [ts, value]))
      yield `live ${device}/${metric} ${value} at ${ts}`;
  }
}

/** An event is its own name: another is one that never happened. */
function* lyingFacts(truth: Said, said: Said): Iterable<string> {
  for (const [name, text] of said.facts) {
    if (truth.facts.get(name) !== text) yield `${name} ${text}`.slice(0, 300);
  }
}

function missingOf(truth: Said, said: Said): string[] {
  const counts = new Map<string, number>();
  const count = (kind: string, by = 1): void => void counts.set(kind, (counts.get(kind) ?? 0) + by);
  for (const [name, points] of truth.series) {
    const here = said.series.get(name);
    for (const ts of points.keys()) if (!here?.has(ts)) count('readings');
  }
  for (const name of truth.facts.keys()) if (!said.facts.has(name)) count(name.split(' ')[0] ?? '');
  if (truth.isSignedIn && !said.isSignedIn) count('sign-in');
  if (said.pending < truth.pending) count('readings on their way', truth.pending - said.pending);
  return [...counts].map(([kind, n]) => `${n} ${kind}`);
}

/** Two series of one asset that do not fit: a pump that runs without flow, a contactor that does not follow its command. */
import type { MismatchWatch, Side } from '../../model/watch.ts';
import {
  CALM,
  type Detector,
  isDelayed,
  type Look,
  type Newest,
  type Sample,
  type Standing,
  settle,
} from './detector.ts';

export const mismatch: Detector<MismatchWatch, Standing> = {
  start: CALM,

  evaluate(watch, memory, sample) {
    const [expected, ...causes] = sample.newest;
    if (!expected || isUnknown(expected, sample.ts)) return memory;
    const known = causes.filter((cause) => !isUnknown(cause, sample.ts));
    const running = known.filter(({ value }) => fits(value, watch.while));
    if (running.length === 0) {
      // What cannot be seen may be running.
      return known.length < causes.length ? memory : settle(memory, false, look(watch, sample));
    }
    const since = Math.min(...running.map((cause) => cause.since));
    // What was said before the pump started says nothing of the pump.
    if (asOf(expected, sample.ts) < since) return memory;
    const holds = !fits(expected.value, watch.expect);
    return settle(memory, holds, look(watch, sample));
  },

  facts: ({ expect: { is, above, below } }, _memory, { newest }) => {
    return { value: newest[0]?.value ?? null, limit: is ?? (Number.isFinite(below) ? below : above), values: {} };
  },

  isWorthKeeping: isDelayed,
};

/**
 * The delay runs as far as all have spoken: the word of one may be on its way still. And the first look never counts:
 * a valve and a flow need their time, however seldom they are reported.
 */
function look(delays: MismatchWatch, { newest }: Sample): Look {
  return { delays, sample: { ts: Math.min(...newest.map(({ heardAt }) => heardAt)), gapMs: 0, wasSilent: false } };
}

function fits(value: number | null, { is, above, below }: Side): boolean {
  return value !== null && (is === null ? value > above && value < below : value === is);
}

function isUnknown(newest: Newest, ts: number): boolean {
  return newest.value === null || newest.isStaleAt(ts);
}

/** What reports on change still says at this time what it said last. */
function asOf(newest: Newest, ts: number): number {
  return newest.isOnChange ? ts : newest.ts;
}

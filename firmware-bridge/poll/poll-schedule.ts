/** When which of a device's registers are read. It reports at its period, whatever is read then. */
import type { PollClass, RegisterField } from '../../model/register-map.ts';

/** What is to be read at one time. */
interface Due {
  readonly classes: ReadonlySet<PollClass>;
  readonly fields: readonly RegisterField[];
  readonly isReport: boolean;
}

export interface PollSchedule {
  /** On the scale of `upMs`. */
  dueMs(): number;
  hurry(nowMs: number): void;
  due(nowMs: number): Due;
  /** It comes again a period later, but for what is read once and was given. */
  done(due: Due, nowMs: number, given: ReadonlySet<string>): void;
}

const SECOND_MS = 1000;
const SLOW_MS = 900_000;
const CLASSES: readonly PollClass[] = ['fast', 'normal', 'slow', 'once'];

export function createPollSchedule(all: readonly RegisterField[], everyMs: number, nowMs: number): PollSchedule {
  const fields = withReports(all);
  const periods: Record<PollClass, number> = {
    fast: Math.min(SECOND_MS, everyMs),
    normal: everyMs,
    slow: Math.max(SLOW_MS, everyMs),
    once: everyMs,
  };
  const classes = CLASSES.filter((each) => each === 'normal' || has(fields, each));
  const next = new Map(classes.map((each) => [each, nowMs]));

  return {
    dueMs: () => Math.min(...next.values()),
    hurry(atMs) {
      for (const each of next.keys()) next.set(each, atMs);
    },
    due(atMs) {
      const classes = new Set([...next].filter(([, dueMs]) => dueMs <= atMs).map(([each]) => each));
      const isReport = [...classes].some((each) => each !== 'fast');
      // With a report everything is told that may have changed.
      if (isReport && next.has('fast')) classes.add('fast');
      return { classes, fields: fields.filter(({ poll }) => classes.has(poll)), isReport };
    },
    done({ classes }, atMs, given) {
      for (const each of classes) next.set(each, nextSlot(next.get(each) ?? atMs, periods[each], atMs));
      if (fields.every(({ poll, metric }) => poll !== 'once' || given.has(metric))) next.delete('once');
    },
  };
}

/** Where nothing is meant for the reports, all of it comes with them. */
function withReports(fields: readonly RegisterField[]): readonly RegisterField[] {
  if (has(fields, 'normal') || has(fields, 'fast')) return fields;
  return fields.map((field) => ({ ...field, poll: 'normal' }));
}

function has(fields: readonly RegisterField[], poll: PollClass): boolean {
  return fields.some((field) => field.poll === poll);
}

/** On the beat of the first poll; beats that were missed are left out, so that nothing piles up. */
function nextSlot(dueMs: number, periodMs: number, nowMs: number): number {
  const missed = Math.max(0, Math.floor((nowMs - dueMs) / periodMs));
  return dueMs + (missed + 1) * periodMs;
}

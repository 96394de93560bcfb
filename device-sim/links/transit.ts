/** Reports that were sent and have not arrived: in devices' memories and on the way. */
import type { SimDevice } from '../devices/sim-device.ts';
import { MEMORY_REPORTS, type Route } from './routes.ts';

/** What arrives, and in which order where times are the same. */
export interface Arrival<T> {
  readonly atMs: number;
  readonly sentMs: number;
  readonly device: SimDevice;
  readonly what: T;
}

interface Waiting<T> {
  readonly sentMs: number;
  readonly device: SimDevice;
  readonly what: T;
  /** Those of its arrivals that are still to come. */
  times: readonly number[];
}

export interface Transit<T> {
  /** `times`: the arrivals later than now. */
  add(waiting: Waiting<T>): void;
  /** Takes out what arrives up to a time, in no order. `revision` of the faults that `route` follows. */
  take(untilMs: number, revision: number): Arrival<T>[];
  /** When the oldest of those that wait was sent. */
  oldestMs(): number;
  readonly waiting: number;
  /** Overwritten in memories that were full. */
  readonly overwritten: number;
}

/** Bounded by the devices' memories. */
export function createTransit<T>(route: Route): Transit<T> {
  let waiting: Waiting<T>[] = [];
  let overwritten = 0;
  let takenMs = Number.NEGATIVE_INFINITY;
  let known = Number.NaN;

  /** An outage may have ended since, or another begun: what has arrived is not touched by either. */
  function reroute(): void {
    for (const each of waiting) each.times = route(each.device, each.sentMs).filter((atMs) => atMs > takenMs);
  }

  function isOverwritten({ device, sentMs, times }: Waiting<T>, nowMs: number): boolean {
    return times[0] === Number.POSITIVE_INFINITY && nowMs - sentMs > MEMORY_REPORTS * device.everyMs;
  }

  return {
    add: (each) => waiting.push(each),
    take(untilMs, revision) {
      if (known !== revision) reroute();
      known = revision;
      const arrivals = waiting.flatMap((each) =>
        each.times.filter((atMs) => atMs <= untilMs).map((atMs) => ({ ...each, atMs })),
      );
      for (const each of waiting) each.times = each.times.filter((atMs) => atMs > untilMs);
      const kept = waiting.filter((each) => !isOverwritten(each, untilMs));
      overwritten += waiting.length - kept.length;
      waiting = kept.filter(({ times }) => times.length > 0);
      takenMs = untilMs;
      return arrivals;
    },
    oldestMs: () => waiting.reduce((oldest, { sentMs }) => Math.min(oldest, sentMs), Number.POSITIVE_INFINITY),
    get waiting() {
      return waiting.length;
    },
    get overwritten() {
      return overwritten;
    },
  };
}

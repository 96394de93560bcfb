/** What was sent, readings all: acknowledged, still waiting, and how late. */
import { decodeTelemetry } from '../../model/telemetry.ts';

/** From the time of a reading to its acknowledgement. */
const LATE_AFTER_MS = 5000;

export interface Counts {
  /** Acknowledged. */
  readonly sent: number;
  /** Not yet, or when the links had stopped not any more. */
  readonly waiting: number;
  /** Of those sent, the past left out: acknowledged more than 5 s after their time. */
  readonly late: number;
  /** The most of any. */
  readonly latestMs: number;
}

export interface Tally {
  counts(): Counts;
  /** Counts what is published until it is acknowledged. */
  track(payload: Uint8Array, publishing: Promise<void>): Promise<void>;
}

/** Readings of before `liveFromMs` are of the past. */
export function createTally(liveFromMs: number, now: () => number): Tally {
  const counts = { sent: 0, waiting: 0, late: 0, latestMs: 0 };
  return {
    counts: () => ({ ...counts }),
    async track(payload, publishing) {
      const message = decodeTelemetry(payload);
      const frames = message.ok
        ? message.frames.map(({ ts, values }) => ({ ts, size: Object.keys(values).length }))
        : [];
      const readings = frames.reduce((sum, { size }) => sum + size, 0);
      counts.waiting += readings;
      await publishing;
      counts.waiting -= readings;
      counts.sent += readings;
      const nowMs = now();
      for (const { ts, size } of frames) {
        if (typeof ts !== 'number' || ts < liveFromMs) continue;
        counts.latestMs = Math.max(counts.latestMs, nowMs - ts);
        if (nowMs - ts > LATE_AFTER_MS) counts.late += size;
      }
    },
  };
}

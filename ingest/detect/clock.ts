/** A device's clock that is off: its newest readings are always the same time behind or ahead of the server's. */

export interface ClockMemory {
  readonly isActive: boolean;
  /** Since when the offset has been steady, uptime ms; null while it is within bounds. */
  readonly since: number | null;
  /** Between which the offset has been since then, ms; behind is positive. */
  readonly least: number;
  readonly most: number;
  readonly looks: number;
}

export const CLOCK_RIGHT: ClockMemory = { isActive: false, since: null, least: 0, most: 0, looks: 0 };

export interface ClockBounds {
  readonly behindMs: number;
  readonly aheadMs: number;
  readonly overMs: number;
}

export interface ClockLook {
  /** Server's time at receipt minus the newest time of the message. */
  readonly offsetMs: number;
  /** Uptime of receipt, ms. */
  readonly atMs: number;
}

/** A backlog or a replay brings ever newer times; a wrong clock keeps its distance. */
const STEADY_MS = 120_000;
const LEAST_LOOKS = 3;

export function evaluateClock(bounds: ClockBounds, memory: ClockMemory, look: ClockLook): ClockMemory {
  const { offsetMs, atMs } = look;
  if (offsetMs <= bounds.behindMs && offsetMs >= -bounds.aheadMs) return CLOCK_RIGHT;
  const least = Math.min(memory.least, offsetMs);
  const most = Math.max(memory.most, offsetMs);
  if (memory.since === null || most - least > STEADY_MS) {
    return { isActive: memory.isActive, since: atMs, least: offsetMs, most: offsetMs, looks: 1 };
  }
  const looks = memory.looks + 1;
  const isSure = looks >= LEAST_LOOKS && atMs - memory.since >= bounds.overMs;
  return { isActive: memory.isActive || isSure, since: memory.since, least, most, looks };
}

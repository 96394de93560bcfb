/**
 * The server's own clock, and what to believe while it is wrong (contract 2.4). A small computer without a clock
 * battery wakes in 1970 or at the hour of its last shutdown; its devices know better.
 */
import type { DeviceId } from '../model/ids.ts';
import type { Reading } from '../model/reading.ts';

/** What the machine says of the time. */
export interface SystemClock {
  /** Epoch ms, however wrong. */
  now(): number;
  /** Steady, whatever is done to the clock. */
  uptimeMs(): number;
  /** The operating system says that its clock is not synchronised; false also where it says nothing. */
  isUnsynchronised(): boolean;
}

export type ClockFault = 'before-release' | 'behind-readings' | 'unsynchronised';

/** Epoch ms. */
interface ClockLook {
  readonly nowMs: number;
  /** What says a later time is rejected. */
  readonly latestTs: number;
}

export interface ServerClock {
  /** Why the machine's clock is not to be believed; null while it is. */
  fault(): ClockFault | null;
  /** The time to work with, epoch ms. */
  now(): number;
  /** That, and the latest time that a reading may bear: for every message, so both in one look. */
  look(): ClockLook;
  /** Stored readings vouch for the time that they bear. */
  heard(readings: readonly Reading[]): void;
}

const MAX_AHEAD_MS = 10 * 60_000;
const MAX_BEHIND_MS = 10 * 60_000;
/** Times of receipt are our own: a clock that ran an hour fast and was set right must not be suspected because of them. */
const MAX_BEHIND_RECEIPTS_MS = 24 * 3_600_000;
/** So many devices must agree, or all where there are fewer: one that runs years ahead holds nobody up. */
const VOUCHERS = 3;
/** What says more is wrong, whatever the server's own clock says. */
const LIFETIME_MS = 20 * 365.25 * 86_400_000;
const REVIEW_MS = 1_000;

/** Per device, what to add to the uptime to get the time that its readings have vouched for. */
type Offsets = Map<DeviceId, number>;

export function createServerClock(system: SystemClock, releasedAtMs: number): ServerClock {
  const byDevices: Offsets = new Map();
  /** They count only where no device has a clock. */
  const byReceipts: Offsets = new Map();
  let offsetMs = Number.NEGATIVE_INFINITY;
  let maxBehindMs = MAX_BEHIND_MS;
  let reviewedAtMs = Number.NEGATIVE_INFINITY;

  /** It goes on with the uptime: silent devices become stale also while the clock stands wrong. */
  const vouchedNow = (): number => offsetMs + system.uptimeMs();

  function faultAt(nowMs: number): ClockFault | null {
    if (nowMs < releasedAtMs) return 'before-release';
    if (nowMs < vouchedNow() - maxBehindMs) return 'behind-readings';
    return system.isUnsynchronised() ? 'unsynchronised' : null;
  }

  function look(): ClockLook {
    const systemMs = system.now();
    const latestTs = systemMs + MAX_AHEAD_MS;
    if (!faultAt(systemMs)) return { nowMs: systemMs, latestTs };
    const nowMs = Math.max(systemMs, Math.round(vouchedNow()));
    return { nowMs, latestTs: Math.max(latestTs, releasedAtMs + LIFETIME_MS) };
  }

  /** Never back: the beginning of a backlog is old, and says nothing against what was heard before. */
  function vouch({ device, ts, quality }: Reading, uptimeMs: number): void {
    const offsets = quality === 'good' ? byDevices : byReceipts;
    const before = offsets.get(device);
    if (before === undefined || ts - uptimeMs > before) offsets.set(device, ts - uptimeMs);
  }

  function review(uptimeMs: number): void {
    const hasClocks = byDevices.size > 0;
    offsetMs = agreed(hasClocks ? byDevices : byReceipts);
    maxBehindMs = hasClocks ? MAX_BEHIND_MS : MAX_BEHIND_RECEIPTS_MS;
    reviewedAtMs = uptimeMs;
  }

  return {
    fault: () => faultAt(system.now()),
    now: () => look().nowMs,
    look,
    heard(readings) {
      const uptimeMs = system.uptimeMs();
      const known = vouchedNow();
      let isLeap = false;
      let last: Reading | null = null;
      for (const reading of readings) {
        // Of one message the first says all.
        if (reading.ts === last?.ts && reading.device === last.device && reading.quality === last.quality) continue;
        last = reading;
        vouch(reading, uptimeMs);
        isLeap ||= reading.ts > known + MAX_BEHIND_MS;
      }
      if (isLeap || uptimeMs - reviewedAtMs >= REVIEW_MS) review(uptimeMs);
    },
  };
}

/** The third highest, or the lowest where there are fewer. */
function agreed(offsets: Offsets): number {
  const top: number[] = [];
  for (const offset of offsets.values()) {
    if (top.length === VOUCHERS && offset <= (top.at(-1) ?? offset)) continue;
    top.push(offset);
    top.sort((a, b) => b - a);
    top.length = Math.min(top.length, VOUCHERS);
  }
  return top.at(-1) ?? Number.NEGATIVE_INFINITY;
}

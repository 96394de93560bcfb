/**
 * The server's own clock, and what to believe while it is wrong (contract 2.4, ADR 0021). A small computer without a
 * clock battery wakes in 1970 or at the hour of its last shutdown, and somebody's hand sets it a day or a century
 * ahead; its devices know better, and what has been seen to jump is seen against the uptime, which nobody can set.
 */
import type { DeviceId } from '../model/ids.ts';
import { bearsOwnTime, type Reading } from '../model/reading.ts';
import { type ClockPlant, createClockSources, type SourceSaying } from './clock-sources.ts';

/** What the machine says of the time. */
export interface SystemClock {
  /** Epoch ms, however wrong. */
  now(): number;
  /** Steady, whatever is done to the clock. */
  uptimeMs(): number;
  /** The operating system says that its clock is not synchronised; false also where it says nothing. */
  isUnsynchronised(): boolean;
  /** The operating system says that its clock is synchronised. Left out: it says nothing. */
  isSynchronised?(): boolean;
}

export type ClockFault =
  | 'before-release'
  | 'after-lifetime'
  | 'ahead-of-readings'
  | 'behind-readings'
  | 'jumped-ahead'
  | 'unsynchronised';

/** Epoch ms. */
interface ClockLook {
  readonly nowMs: number;
  /** What says a later time is rejected. */
  readonly latestTs: number;
}

export interface ClockOptions extends ClockPlant {
  readonly releasedAtMs: number;
  /** Sources whose clock agreed with the server's when it ended last; they tell who of the two is wrong now. */
  readonly agreedBefore: readonly string[];
  /** Until when the server's clock was sound before, epoch ms; own times of receipt after that vouch for nothing. */
  readonly soundUntilMs: number | null;
}

export interface ServerClock {
  /** Why the machine's clock is not to be believed; null while it is. */
  fault(): ClockFault | null;
  /** The time to work with, epoch ms. */
  now(): number;
  /** That, and the latest time that a reading of the device may bear: for every message, so both in one look. */
  look(device?: DeviceId): ClockLook;
  /** Readings that were stored just now vouch for the time that they bear. */
  heard(readings: readonly Reading[]): void;
  /** The newest of a former run: the time is at least theirs. */
  recall(readings: readonly Reading[]): void;
  /** By how much a device's times keep behind the time to work with, message after message; 0 where they do not. */
  lagMs(device: DeviceId): number;
  /** Devices, the operating system, or nothing that speaks against it: what is old may be forgotten by this clock. */
  isSound(): boolean;
  /** Sources that agree with the machine's clock now. */
  agreeing(): readonly string[];
}

export const MAX_AHEAD_MS = 10 * 60_000;
/** A clock that is off by less is believed. */
export const MAX_OFF_MS = 10 * 60_000;
const DAY_MS = 86_400_000;
/** Times of receipt are our own: a clock that ran an hour fast and was set right must not be suspected because of them. */
const MAX_BEHIND_RECEIPTS_MS = DAY_MS;
/** What few say is further ahead than any clock is set back (a year has been seen): then they are wrong. */
const MOST_AHEAD_OF_CLOCK_MS = 400 * DAY_MS;
/** So many sources must agree, or all where there are fewer: one that runs years ahead holds nobody up. */
const VOUCHERS = 3;
/** Nobody says of a clock that it is ahead but several, however few there are. */
const LEAST_AGAINST = 2;
/** Those who say that the server is ahead must say the same. */
const SAME_MS = 120_000;
/** A wrong time zone looks like a clock that is ahead: whole half hours, up to this. */
const [ZONE_STEP_MS, FURTHEST_ZONE_MS] = [30 * 60_000, 14.1 * 3_600_000];
/** What says more is wrong, whatever the server's own clock says. */
const LIFETIME_MS = 20 * 365.25 * DAY_MS;
/** Nobody runs this version for so long: a clock that says so has run over, as in 2106. */
const NEVER_AFTER_MS = 3 * LIFETIME_MS;
const REVIEW_MS = 1_000;
/** So long a jump ahead that nobody can judge is told; then the new time is taken as set. */
const JUMP_TOLD_MS = 3_600_000;
/** Longer without a word for it, and nothing is forgotten by a clock: a server was away for so long, or its clock is wrong. */
const LONGEST_AWAY_MS = 90 * DAY_MS;

export function createServerClock(system: SystemClock, options: ClockOptions): ServerClock {
  const { releasedAtMs, agreedBefore, soundUntilMs } = options;
  const sources = createClockSources(options);
  /** They count only where no device has a clock. Per device, by what to add to the uptime. */
  const byReceipts = new Map<DeviceId, number>();
  const startOffsetMs = system.now() - system.uptimeMs();
  const witnesses: ReadonlySet<string> = new Set(agreedBefore);
  let known: Iterable<string> = agreedBefore;
  let hasClocks = false;
  /** Not only by what is stored. */
  let hasHeardClocks = false;
  let isVouchedByMany = false;
  /** What the devices agree on, to be added to the uptime. */
  let offsetMs = Number.NEGATIVE_INFINITY;
  /** The machine's, when the devices last agreed with it. */
  let trustedMs: number | null = null;
  /** The machine's, when nothing spoke against it; without devices that have a clock. Null: what it is set to next sets it right. */
  let settledMs: number | null = startOffsetMs;
  let jumpedAtMs: number | null = null;
  let hasJumped = false;
  let isAhead = false;
  let reviewedAtMs = Number.NEGATIVE_INFINITY;

  /** It goes on with the uptime: silent devices become stale also while the clock stands wrong. */
  const vouchedAt = (uptimeMs: number): number => offsetMs + uptimeMs;
  const isSynchronised = (): boolean => system.isSynchronised?.() ?? false;

  function faultAt(nowMs: number, uptimeMs: number): ClockFault | null {
    if (nowMs < releasedAtMs) return toBeSet('before-release');
    if (nowMs > releasedAtMs + NEVER_AFTER_MS) return 'after-lifetime';
    if (isAheadAt(nowMs - uptimeMs)) return 'ahead-of-readings';
    if (isBehindAt(nowMs, uptimeMs)) return toBeSet('behind-readings');
    if (isJumpAt(nowMs - uptimeMs, uptimeMs)) return 'jumped-ahead';
    return system.isUnsynchronised() ? 'unsynchronised' : null;
  }

  function toBeSet(fault: ClockFault): ClockFault {
    settledMs = null;
    return fault;
  }

  function isAheadAt(machineMs: number): boolean {
    if (!hasClocks || machineMs <= offsetMs + MAX_OFF_MS) return false;
    return isAhead || (trustedMs !== null && machineMs > trustedMs + MAX_OFF_MS);
  }

  function isBehindAt(nowMs: number, uptimeMs: number): boolean {
    const behindMs = vouchedAt(uptimeMs) - nowMs;
    if (hasClocks) return behindMs > MAX_OFF_MS && (isVouchedByMany || behindMs <= MOST_AHEAD_OF_CLOCK_MS);
    if (behindMs <= MAX_BEHIND_RECEIPTS_MS || behindMs > MOST_AHEAD_OF_CLOCK_MS) return false;
    // What had jumped ahead is back where it was, and its times of receipt from there were wrong.
    const isBack = hasJumped && Math.abs(nowMs - uptimeMs - startOffsetMs) <= MAX_OFF_MS;
    return !isBack && !isSynchronised();
  }

  /** Where no device has a clock, nobody knows which of the two times is right. */
  function isJumpAt(machineMs: number, uptimeMs: number): boolean {
    const isFar = settledMs !== null && machineMs > settledMs + MAX_OFF_MS;
    if (!isFar || hasHeardClocks || isSynchronised()) {
      jumpedAtMs = null;
      settledMs = machineMs;
      return false;
    }
    jumpedAtMs ??= uptimeMs;
    hasJumped = true;
    return uptimeMs - jumpedAtMs < JUMP_TOLD_MS;
  }

  function look(device?: DeviceId): ClockLook {
    const [systemMs, uptimeMs] = [system.now(), system.uptimeMs()];
    const fault = faultAt(systemMs, uptimeMs);
    const farthestTs = releasedAtMs + LIFETIME_MS;
    const soonTs = systemMs + MAX_AHEAD_MS;
    const openTs = Math.max(farthestTs, soonTs);
    if (!fault) return { nowMs: systemMs, latestTs: isWitness(device) ? openTs : soonTs };
    const vouchedMs = Math.round(vouchedAt(uptimeMs));
    const isTooLate = fault === 'ahead-of-readings' || fault === 'after-lifetime';
    const isKnown = Number.isFinite(vouchedMs) && isPossible(vouchedMs, systemMs);
    const nowMs = !isKnown ? systemMs : isTooLate ? vouchedMs : Math.max(systemMs, vouchedMs);
    return { nowMs, latestTs: isTooLate ? farthestTs : openTs };
  }

  /** A machine may wake at the hour of its last shutdown: who was right then is let in until somebody has confirmed its clock. */
  function isWitness(device: DeviceId | undefined): boolean {
    return trustedMs === null && device !== undefined && witnesses.has(options.rootOf(device));
  }

  /** One or two that are years ahead of a clock that may be right carry nobody with them. */
  function isPossible(vouchedMs: number, systemMs: number): boolean {
    return systemMs < releasedAtMs || isVouchedByMany || vouchedMs - systemMs <= MOST_AHEAD_OF_CLOCK_MS;
  }

  function review(uptimeMs: number): void {
    reviewedAtMs = uptimeMs;
    const sayings = sources.sayings();
    hasClocks = sayings.length > 0;
    const offsets = hasClocks ? sayings.map((saying) => saying.offsetMs) : [...byReceipts.values()];
    isVouchedByMany = offsets.length >= VOUCHERS;
    offsetMs = agreed(offsets);
    const machineMs = system.now() - uptimeMs;
    hasHeardClocks = sayings.some(({ isHeard }) => isHeard);
    if (!hasHeardClocks) return;
    if (Math.abs(machineMs - offsetMs) <= MAX_OFF_MS) {
      trustedMs = machineMs;
      isAhead = false;
      known = sayings.filter((saying) => Math.abs(machineMs - saying.offsetMs) <= MAX_OFF_MS).map(({ root }) => root);
    } else {
      // A clock that has not jumped since they agreed is not the one that is wrong.
      isAhead = isAheadAt(machineMs) || (trustedMs === null && isSaidToBeAhead(sayings, machineMs, uptimeMs));
    }
  }

  /** Row by row the table of ADR 0021, where no jump was seen. */
  function isSaidToBeAhead(sayings: readonly SourceSaying[], machineMs: number, uptimeMs: number): boolean {
    const agree = sayings.some(({ isHeard, offsetMs: of }) => isHeard && machineMs - of <= MAX_OFF_MS);
    const against = sayings.filter(({ isSteady, offsetMs: of }) => isSteady && of + uptimeMs >= releasedAtMs);
    if (agree || against.length < Math.max(LEAST_AGAINST, Math.min(VOUCHERS, sayings.length))) return false;
    const offsets = against.map((saying) => saying.offsetMs);
    if (Math.max(...offsets) - Math.min(...offsets) > SAME_MS) return false;
    const before = new Set(known);
    return against.every(({ root }) => before.has(root)) || !isLikeZone(machineMs - Math.max(...offsets));
  }

  function vouch({ device, ts }: Reading, uptimeMs: number): void {
    const before = byReceipts.get(device);
    if (before === undefined || ts - uptimeMs > before) byReceipts.set(device, ts - uptimeMs);
  }

  return {
    fault: () => faultAt(system.now(), system.uptimeMs()),
    now: () => look().nowMs,
    look,
    heard(readings) {
      const uptimeMs = system.uptimeMs();
      const leapMs = vouchedAt(uptimeMs) + MAX_OFF_MS;
      let isLeap = false;
      for (let i = 0; i < readings.length; i++) {
        const reading = readings[i] as Reading;
        const next = readings[i + 1];
        isLeap ||= reading.ts > leapMs;
        const isOwn = bearsOwnTime(reading);
        // Of one message, or of a backlog, the newest says all.
        if (next?.device === reading.device && next.ts >= reading.ts && bearsOwnTime(next) === isOwn) continue;
        hasHeardClocks ||= isOwn;
        if (isOwn) sources.heard(reading.device, reading.ts, uptimeMs);
        else vouch(reading, uptimeMs);
      }
      if (isLeap || uptimeMs - reviewedAtMs >= REVIEW_MS) review(uptimeMs);
    },
    recall(readings) {
      const uptimeMs = system.uptimeMs();
      for (const reading of readings) {
        if (bearsOwnTime(reading)) sources.recall(reading.device, reading.ts, uptimeMs);
        else if (soundUntilMs === null || reading.ts <= soundUntilMs + MAX_OFF_MS) vouch(reading, uptimeMs);
      }
      review(uptimeMs);
    },
    lagMs(device) {
      const steadyMs = sources.steadyOffsetMs(device);
      if (steadyMs === null) return 0;
      const uptimeMs = system.uptimeMs();
      return steadyMs + uptimeMs < releasedAtMs ? 0 : Math.max(0, look().nowMs - uptimeMs - steadyMs);
    },
    isSound() {
      const [systemMs, uptimeMs] = [system.now(), system.uptimeMs()];
      if (faultAt(systemMs, uptimeMs) !== null) return false;
      if (isSynchronised() || trustedMs !== null) return true;
      const isBack = Math.abs(systemMs - uptimeMs - startOffsetMs) <= MAX_OFF_MS;
      return (!hasJumped || isBack) && systemMs - uptimeMs - (soundUntilMs ?? systemMs) <= LONGEST_AWAY_MS;
    },
    agreeing: () => [...known],
  };
}

/** The third highest, or the lowest where there are fewer. */
function agreed(offsets: readonly number[]): number {
  const top: number[] = [];
  for (const offset of offsets) {
    if (top.length === VOUCHERS && offset <= (top.at(-1) ?? offset)) continue;
    top.push(offset);
    top.sort((a, b) => b - a);
    top.length = Math.min(top.length, VOUCHERS);
  }
  return top.at(-1) ?? Number.NEGATIVE_INFINITY;
}

function isLikeZone(aheadMs: number): boolean {
  const beyondMs = aheadMs % ZONE_STEP_MS;
  return aheadMs <= FURTHEST_ZONE_MS && Math.min(beyondMs, ZONE_STEP_MS - beyondMs) <= SAME_MS;
}

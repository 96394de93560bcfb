/**
 * What devices with a clock of their own say of the time (contract 2.4, ADR 0021): for each the time that its newest
 * reading bears less the uptime at which it came. A device that keeps its distance, message after message, speaks of
 * the present, however wrong it is; a backlog catches up, and says nothing.
 */
import type { DeviceId } from '../model/ids.ts';
import type { Plant } from '../model/plant.ts';

/** Where a clock belongs: the devices behind one gateway have one clock between them. */
export interface ClockPlant {
  rootOf(device: DeviceId): DeviceId;
  everyMs(device: DeviceId): number;
}

/** What one source says, and whether it keeps its distance. */
export interface SourceSaying {
  readonly root: DeviceId;
  /** To be added to the uptime, ms. */
  readonly offsetMs: number;
  /** It has been heard in this run, and has kept its distance. */
  readonly isSteady: boolean;
  readonly isHeard: boolean;
}

export interface ClockSources {
  /** The newest time of a message that came at that uptime. */
  heard(device: DeviceId, ts: number, uptimeMs: number): void;
  /** A stored one: when it came, nobody knows. The time is at least that. */
  recall(device: DeviceId, ts: number, uptimeMs: number): void;
  sayings(): readonly SourceSaying[];
  /** The offset that a device keeps; null where it keeps none. */
  steadyOffsetMs(device: DeviceId): number | null;
}

/** Changed in place, for this runs per message. */
interface Heard {
  readonly root: DeviceId;
  readonly everyMs: number;
  /** The highest offset ever, or the one that was kept since. */
  offsetMs: number;
  /** What it has kept since when, and in how many looks. */
  anchorMs: number;
  anchorAtMs: number;
  lookAtMs: number;
  looks: number;
}

/** A chain of gateways is no longer than this, or it is a ring. */
const MAX_VIA = 10;

export function clockPlant({ devices }: Pick<Plant, 'devices'>): ClockPlant {
  return {
    rootOf(id) {
      let root = id;
      for (let i = 0; i < MAX_VIA; i++) root = devices.get(root)?.via ?? root;
      return root;
    },
    everyMs: (id) => (devices.get(id)?.everyS ?? 0) * 1000,
  };
}

const LEAST_LOOKS = 3;
const LONGEST_GAP_MS = 10_000;
const LONGEST_SPAN_MS = 30_000;
/** The first message after a start may wait for seconds on a small computer. */
const [LEAST_SLACK_MS, MOST_SLACK_MS] = [3_000, 30_000];
/** A source that keeps another distance than it once had was once wrong by more than this, or is now. */
const MAX_OFF_MS = 10 * 60_000;

export function createClockSources({ rootOf, everyMs }: ClockPlant): ClockSources {
  /** Bounded by the plant: only its devices are stored. */
  const devices = new Map<DeviceId, Heard>();

  function add(device: DeviceId, offsetMs: number): Heard {
    const never = Number.NEGATIVE_INFINITY;
    const heard: Heard = {
      root: rootOf(device),
      everyMs: everyMs(device),
      offsetMs,
      anchorMs: never,
      anchorAtMs: never,
      lookAtMs: never,
      looks: 0,
    };
    devices.set(device, heard);
    return heard;
  }

  return {
    heard(device, ts, uptimeMs) {
      const offsetMs = ts - uptimeMs;
      const of = devices.get(device) ?? add(device, offsetMs);
      look(of, offsetMs, uptimeMs);
      // Never back, but by what is kept: the beginning of a backlog says nothing against what was heard before.
      if (offsetMs > of.offsetMs || (isSteady(of) && offsetMs < of.offsetMs - MAX_OFF_MS)) of.offsetMs = offsetMs;
    },
    recall(device, ts, uptimeMs) {
      const of = devices.get(device) ?? add(device, ts - uptimeMs);
      of.offsetMs = Math.max(of.offsetMs, ts - uptimeMs);
    },
    sayings: () => sayingsOf(devices.values()),
    steadyOffsetMs(device) {
      const of = devices.get(device);
      return of && isSteady(of) ? of.anchorMs : null;
    },
  };
}

/** Of the same burst only a later time counts: then it was a backlog, and the looks begin anew. */
function look(of: Heard, offsetMs: number, uptimeMs: number): void {
  const slackMs = Math.min(Math.max(of.everyMs / 4, LEAST_SLACK_MS), MOST_SLACK_MS);
  const isBurst = uptimeMs - of.lookAtMs < Math.min(of.everyMs / 4, LONGEST_GAP_MS);
  if (isBurst && offsetMs <= of.anchorMs + slackMs) return;
  of.lookAtMs = uptimeMs;
  if (!isBurst && Math.abs(offsetMs - of.anchorMs) <= slackMs) {
    of.looks++;
    return;
  }
  of.anchorMs = offsetMs;
  of.anchorAtMs = uptimeMs;
  of.looks = 1;
}

function isSteady({ looks, lookAtMs, anchorAtMs, everyMs }: Heard): boolean {
  return looks >= LEAST_LOOKS && lookAtMs - anchorAtMs >= Math.min(1.5 * everyMs, LONGEST_SPAN_MS);
}

/** A source says the latest of what its devices say; where one of them is steady, stored times have no say any more. */
function sayingsOf(devices: Iterable<Heard>): readonly SourceSaying[] {
  return [...Map.groupBy(devices, ({ root }) => root)].map(([root, all]) => {
    const steady = all.some(isSteady);
    const heard = steady ? all.filter(isHeard) : all;
    return {
      root,
      offsetMs: Math.max(...heard.map(({ offsetMs }) => offsetMs)),
      isSteady: steady,
      isHeard: all.some(isHeard),
    };
  });
}

const isHeard = ({ looks }: Heard): boolean => looks > 0;

/**
 * The newest reading of every series, with its quality now (contract 2.4). Newest is by device time; a time of receipt
 * is newest because it was received just now, whatever a clock said of what came before it (ADR 0021).
 */
import type { DeviceId, MetricName } from '../model/ids.ts';
import type { Device, Plant } from '../model/plant.ts';
import { bearsOwnTime, type LiveQuality, type LiveValue, type Reading, staleAfterMs } from '../model/reading.ts';
import { MAX_AHEAD_MS } from './server-clock.ts';

export interface LiveState {
  values(): readonly LiveValue[];
  /** Takes over those that are newer than what is known; the others change nothing. Returns the ones taken, in order. */
  apply(readings: readonly Reading[]): readonly Reading[];
  /** Takes over the newest of a former run. */
  recall(readings: readonly Reading[]): void;
  /** Marks what has become stale since the last call; what lies in the future gives way to what was there before it. */
  sweep(): void;
  onChange(listener: (changed: readonly LiveValue[]) => void): () => void;
}

export interface LiveStateOptions {
  readonly plant: Plant;
  /** Epoch ms, as it is to be believed. */
  readonly now: () => number;
  readonly uptimeMs?: () => number;
  /** By how much a device's times keep behind `now`, message after message. */
  readonly lagMs?: (device: DeviceId) => number;
  /** A value whose time cannot be has left the live state. */
  readonly onFuture?: (reading: Reading) => void;
}

/** When something was said; changed in place, for this runs per reading. */
interface Moment {
  ts: number;
  isOwnTime: boolean;
  /** Uptime of receipt, ms; null: in a former run. */
  heardMs: number | null;
}

/** One series. */
interface Entry extends Moment {
  readonly of: Known;
  newest: Reading;
  /** The one before those that lie in the future; null while none does. */
  before: Reading | null;
  /** The newest is known to lie in the future, and has been told of. */
  isGone: boolean;
  told: LiveQuality;
}

/** A device that has been heard of, and the newest of any of its metrics: what reports on change is stale only when its device is silent. */
interface Known extends Moment {
  readonly device: Device | undefined;
  readonly series: Map<MetricName, Entry>;
}

/** A moment of a look: both clocks. */
interface Look {
  readonly nowMs: number;
  readonly uptimeMs: number;
}

/** A burst of receipts may run so far ahead of the clock. */
const MAX_BURST_MS = 10_000;
const NEVER = Number.NEGATIVE_INFINITY;

export function createLiveState(options: LiveStateOptions): LiveState {
  const { plant, now, uptimeMs = now, lagMs = () => 0, onFuture = () => undefined } = options;
  const devices = new Map<DeviceId, Known>();
  const listeners = new Set<(changed: readonly LiveValue[]) => void>();

  function knownOf(id: DeviceId): Known {
    let known = devices.get(id);
    if (!known) {
      known = { device: plant.devices.get(id), ts: NEVER, isOwnTime: true, heardMs: null, series: new Map() };
      devices.set(id, known);
    }
    return known;
  }

  /** The series' entry, or null where the reading is no news. */
  function takeOver(reading: Reading, known: Known, look: Look, heardMs: number | null): Entry | null {
    const entry = known.series.get(reading.metric);
    if (entry && !isNewer(reading, entry, look)) return null;
    if (isNewer(reading, known, look)) note(known, reading, heardMs);
    if (entry) {
      if (reading.ts <= look.nowMs + MAX_AHEAD_MS) entry.before = null;
      else entry.before ??= entry.newest;
      entry.newest = reading;
      entry.isGone = false;
      note(entry, reading, heardMs);
      return entry;
    }
    const { ts, quality } = reading;
    const moment = { ts, isOwnTime: bearsOwnTime(reading), heardMs };
    const added: Entry = { of: known, newest: reading, before: null, isGone: false, told: quality, ...moment };
    known.series.set(reading.metric, added);
    return added;
  }

  function takeAll(readings: readonly Reading[], look: Look, heardMs: number | null): readonly Reading[] {
    const taken: Reading[] = [];
    const changed = new Set<Entry>();
    let of: DeviceId | null = null;
    let known: Known | null = null;
    for (const reading of readings) {
      // Readings of a device come together.
      if (known === null || reading.device !== of) known = knownOf(reading.device);
      of = reading.device;
      const entry = takeOver(reading, known, look, heardMs);
      if (!entry) continue;
      taken.push(reading);
      changed.add(entry);
    }
    for (const entry of changed) entry.told = qualityAt(entry, look);
    tell(changed);
    return taken;
  }

  function qualityAt(entry: Entry, look: Look): LiveQuality {
    const { of, newest } = entry;
    const { device } = of;
    if (!device) return 'stale';
    const isOnChange = device.metrics.get(newest.metric)?.reporting === 'on-change';
    const said = isOnChange ? of : entry;
    const silentMs = ageMs(said, look);
    const staleMs = staleAfterMs(device.everyS);
    if (silentMs <= staleMs) return newest.quality;
    // One that speaks on and on, an hour late: its clock or ours is wrong, and the value is of now.
    const isLate = said.isOwnTime && Number.isFinite(silentMs) && silentMs - lagMs(device.id) <= staleMs;
    return isLate ? (newest.quality === 'bad' ? 'bad' : 'uncertain') : 'stale';
  }

  /** Back to what was there before, as far as that is known. */
  function giveWay(entry: Entry): void {
    const { newest, before } = entry;
    entry.isGone = true;
    onFuture(newest);
    if (!before) return;
    entry.newest = before;
    entry.before = null;
    entry.isGone = false;
    note(entry, before, null);
  }

  function tell(changed: Iterable<Entry>): void {
    const values = [...changed].map(toLive).filter((v) => v !== null);
    if (values.length > 0) for (const listener of listeners) listener(values);
  }

  const lookNow = (): Look => ({ nowMs: now(), uptimeMs: uptimeMs() });
  const entries = (): Entry[] => [...devices.values()].flatMap(({ series }) => [...series.values()]);

  return {
    values: () =>
      entries()
        .map(toLive)
        .filter((v) => v !== null),
    apply(readings) {
      const look = lookNow();
      return takeAll(readings, look, look.uptimeMs);
    },
    recall(readings) {
      takeAll(readings, lookNow(), null);
    },
    sweep() {
      const look = lookNow();
      const changed = entries().filter((entry) => {
        const { told, newest } = entry;
        if (!entry.isGone && isFuture(entry, look)) giveWay(entry);
        entry.told = qualityAt(entry, look);
        return entry.told !== told || entry.newest !== newest;
      });
      tell(changed);
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** What was just received is newest; else the later time is, unless what it is compared with cannot be. */
function isNewer(reading: Reading, than: Moment, look: Look): boolean {
  if (reading.isReceipt === true || reading.ts > dated(than, look)) return true;
  return isFuture(than, look);
}

/** A receipt of this run is as old as the uptime says, whatever the clock said then. */
function dated({ ts, isOwnTime, heardMs }: Moment, { nowMs, uptimeMs }: Look): number {
  return isOwnTime || heardMs === null ? ts : nowMs - (uptimeMs - heardMs);
}

function isFuture(moment: Moment, look: Look): boolean {
  return dated(moment, look) > look.nowMs + (moment.isOwnTime ? MAX_AHEAD_MS : MAX_BURST_MS);
}

/** Of what cannot be, nobody knows how old it is. */
function ageMs(moment: Moment, look: Look): number {
  return isFuture(moment, look) ? Number.POSITIVE_INFINITY : look.nowMs - dated(moment, look);
}

function note(moment: Moment, reading: Reading, heardMs: number | null): void {
  moment.ts = reading.ts;
  moment.isOwnTime = bearsOwnTime(reading);
  moment.heardMs = heardMs;
}

function toLive({ of: { device }, newest, told }: Entry): LiveValue | null {
  if (!device) return null;
  const { metric, ts, value } = newest;
  return { site: device.site, device: device.id, metric, value, ts, quality: told };
}

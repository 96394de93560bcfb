/** The newest reading of every series, with its quality now. Older readings never replace newer ones (contract 2.4). */
import type { DeviceId, MetricName } from '../model/ids.ts';
import type { Device, Plant } from '../model/plant.ts';
import { type LiveQuality, type LiveValue, type Reading, staleAfterMs } from '../model/reading.ts';

export interface LiveState {
  values(): readonly LiveValue[];
  /** Takes over those that are newer than what is known; the others change nothing. Returns the ones taken, in order. */
  apply(readings: readonly Reading[]): readonly Reading[];
  /** Marks what has become stale since the last call. */
  sweep(): void;
  onChange(listener: (changed: readonly LiveValue[]) => void): () => void;
}

/** One series; changed in place, for this runs per reading. */
interface Entry {
  readonly of: Known;
  newest: Reading;
  told: LiveQuality;
}

/** A device that has been heard of. */
interface Known {
  readonly device: Device | undefined;
  /** Newest ts of any metric: what reports on change is stale only when its device is silent. */
  heardAt: number;
  readonly series: Map<MetricName, Entry>;
}

export function createLiveState({ plant, now }: { plant: Plant; now: () => number }): LiveState {
  const devices = new Map<DeviceId, Known>();
  const listeners = new Set<(changed: readonly LiveValue[]) => void>();

  function knownOf(id: DeviceId): Known {
    let known = devices.get(id);
    if (!known) {
      known = { device: plant.devices.get(id), heardAt: 0, series: new Map() };
      devices.set(id, known);
    }
    return known;
  }

  /** The series' entry, or null where the reading is no news. */
  function takeOver(reading: Reading, known: Known): Entry | null {
    const entry = known.series.get(reading.metric);
    if (entry && entry.newest.ts >= reading.ts) return null;
    known.heardAt = Math.max(known.heardAt, reading.ts);
    if (entry) {
      entry.newest = reading;
      return entry;
    }
    const added: Entry = { of: known, newest: reading, told: reading.quality };
    known.series.set(reading.metric, added);
    return added;
  }

  function tell(changed: Iterable<Entry>): void {
    const values = [...changed].map(toLive).filter((v) => v !== null);
    if (values.length > 0) for (const listener of listeners) listener(values);
  }

  const entries = (): Entry[] => [...devices.values()].flatMap(({ series }) => [...series.values()]);

  return {
    values: () =>
      entries()
        .map(toLive)
        .filter((v) => v !== null),
    apply(readings) {
      const taken: Reading[] = [];
      const changed = new Set<Entry>();
      let of: DeviceId | null = null;
      let known: Known | null = null;
      for (const reading of readings) {
        // Readings of a device come together.
        if (known === null || reading.device !== of) known = knownOf(reading.device);
        of = reading.device;
        const entry = takeOver(reading, known);
        if (!entry) continue;
        taken.push(reading);
        changed.add(entry);
      }
      const nowMs = now();
      for (const entry of changed) entry.told = qualityAt(entry, nowMs);
      tell(changed);
      return taken;
    },
    sweep() {
      const nowMs = now();
      const changed = entries().filter((entry) => {
        const before = entry.told;
        entry.told = qualityAt(entry, nowMs);
        return entry.told !== before;
      });
      tell(changed);
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function qualityAt({ of: { device, heardAt }, newest }: Entry, nowMs: number): LiveQuality {
  if (!device) return 'stale';
  const isOnChange = device.metrics.get(newest.metric)?.reporting === 'on-change';
  const since = isOnChange ? heardAt : newest.ts;
  return nowMs - since > staleAfterMs(device.everyS) ? 'stale' : newest.quality;
}

function toLive({ of: { device }, newest, told }: Entry): LiveValue | null {
  if (!device) return null;
  const { metric, ts, value } = newest;
  return { site: device.site, device: device.id, metric, value, ts, quality: told };
}

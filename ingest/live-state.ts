/** The newest reading of every series, with its quality now. Older readings never replace newer ones (contract 2.4). */
import type { Plant } from '../model/plant.ts';
import { type LiveQuality, type LiveValue, type Reading, seriesKey, staleAfterMs } from '../model/reading.ts';

export interface LiveState {
  values(): readonly LiveValue[];
  /** Takes over those that are newer than what is known; the others change nothing. Returns the ones taken, in order. */
  apply(readings: readonly Reading[]): readonly Reading[];
  /** Marks what has become stale since the last call. */
  sweep(): void;
  onChange(listener: (changed: readonly LiveValue[]) => void): () => void;
}

interface Entry {
  readonly newest: Reading;
  readonly told: LiveQuality;
}

export function createLiveState({ plant, now }: { plant: Plant; now: () => number }): LiveState {
  const entries = new Map<string, Entry>();
  /** Newest ts of any metric, per device: what reports on change is stale only when its device is silent. */
  const heardAt = new Map<string, number>();
  const listeners = new Set<(changed: readonly LiveValue[]) => void>();

  function qualityNow(reading: Reading): LiveQuality {
    const device = plant.devices.get(reading.device);
    if (!device) return 'stale';
    const isOnChange = device.metrics.get(reading.metric)?.reporting === 'on-change';
    const since = isOnChange ? (heardAt.get(reading.device) ?? reading.ts) : reading.ts;
    return now() - since > staleAfterMs(device.everyS) ? 'stale' : reading.quality;
  }

  function toLive({ newest, told }: Entry): LiveValue | null {
    const site = plant.devices.get(newest.device)?.site;
    if (site === undefined) return null;
    const { device, metric, ts, value } = newest;
    return { site, device, metric, value, ts, quality: told };
  }

  function tell(changed: readonly Entry[]): void {
    const values = changed.map(toLive).filter((v) => v !== null);
    if (values.length > 0) for (const listener of listeners) listener(values);
  }

  return {
    values: () => [...entries.values()].map(toLive).filter((v) => v !== null),
    apply(readings) {
      const taken: Reading[] = [];
      const newest = new Map<string, Reading>();
      for (const reading of readings) {
        const key = seriesKey(reading.device, reading.metric);
        const known = newest.get(key) ?? entries.get(key)?.newest;
        if (known && known.ts >= reading.ts) continue;
        taken.push(reading);
        newest.set(key, reading);
        heardAt.set(reading.device, Math.max(reading.ts, heardAt.get(reading.device) ?? 0));
      }
      const changed: Entry[] = [];
      for (const [key, reading] of newest) {
        const entry: Entry = { newest: reading, told: qualityNow(reading) };
        entries.set(key, entry);
        changed.push(entry);
      }
      tell(changed);
      return taken;
    },
    sweep() {
      const changed: Entry[] = [];
      for (const [key, entry] of entries) {
        const quality = qualityNow(entry.newest);
        if (quality === entry.told) continue;
        const next = { ...entry, told: quality };
        entries.set(key, next);
        changed.push(next);
      }
      tell(changed);
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

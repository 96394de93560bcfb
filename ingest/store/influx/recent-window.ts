/**
 * The newest readings of every series: what a repeat or a conflict is recognised by (contract 2.5). InfluxDB itself would
 * let the last value win.
 */
import type { DeviceId, MetricName } from '../../../model/ids.ts';
import type { Reading } from '../../../model/reading.ts';
import type { AppendOutcome } from '../reading-store.ts';
import { createHead, findTs, type Head, insert, remove } from '../sqlite/columns.ts';
import { QUALITY_CODES } from '../sqlite/protocol.ts';

/** Readings of a series; between this many and twice as many are known. A device sends less than that again. */
export const WINDOW_READINGS = 64;

export interface RecentWindow {
  /** Notes a reading that is to be stored. What is older than the window cannot be told from new, and is stored again. */
  take(reading: Reading): AppendOutcome;
  /** Forgets what was taken and could not be stored. */
  giveBack(readings: readonly Reading[]): void;
  newest(): Reading[];
}

interface Recent {
  readonly device: DeviceId;
  readonly metric: MetricName;
  readonly head: Head;
  /** Up to here it has been forgotten. */
  horizon: number;
}

export function createRecentWindow(): RecentWindow {
  /** In two steps: a key of both would be a new text for every reading. */
  const byDevice = new Map<DeviceId, Map<MetricName, Recent>>();

  function of({ device, metric }: Reading): Recent {
    const metrics = byDevice.get(device) ?? new Map<MetricName, Recent>();
    const known = metrics.get(metric);
    if (known) return known;
    const recent = { device, metric, head: createHead(), horizon: Number.NEGATIVE_INFINITY };
    byDevice.set(device, metrics.set(metric, recent));
    return recent;
  }

  return {
    take(reading) {
      const recent = of(reading);
      const { head } = recent;
      const value = reading.value ?? Number.NaN;
      const at = findTs(head, reading.ts);
      if (at >= 0) return Object.is(head.value[at], value) ? 'duplicate' : 'conflict';
      if (reading.ts <= recent.horizon) return 'stored';
      if (head.count === 2 * WINDOW_READINGS) forgetOldest(recent);
      insert(head, reading.ts, value, QUALITY_CODES.indexOf(reading.quality));
      return 'stored';
    },
    giveBack(readings) {
      for (const reading of readings) remove(of(reading).head, reading.ts);
    },
    newest: () =>
      [...byDevice.values()]
        .flatMap((metrics) => [...metrics.values()])
        .filter(({ head }) => head.count > 0)
        .map(toNewest),
  };
}

function forgetOldest(recent: Recent): void {
  const { head } = recent;
  const from = head.count - WINDOW_READINGS;
  recent.horizon = head.ts[from - 1] ?? recent.horizon;
  for (const column of [head.ts, head.value, head.quality]) column.copyWithin(0, from, head.count);
  head.count = WINDOW_READINGS;
}

function toNewest({ device, metric, head }: Recent): Reading {
  const at = head.count - 1;
  const [ts = 0, value = Number.NaN] = [head.ts[at], head.value[at]];
  const quality = QUALITY_CODES[head.quality[at] ?? 0] ?? 'good';
  return { device, metric, ts, value: Number.isNaN(value) ? null : value, quality };
}

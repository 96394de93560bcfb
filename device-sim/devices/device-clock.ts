/** What time a device believes it is. A gateway's clock is that of all who speak through it. */
import type { Faults } from '../faults.ts';

/** Epoch ms as the device writes it; null: it writes none. */
export type DeviceClock = (atMs: number) => number | null;

/** `path`: the device and its gateways, the nearest first. */
export function createDeviceClock(faults: Faults, path: readonly string[]): DeviceClock {
  const acting = (kind: string, atMs: number) => {
    for (const id of path) {
      const fault = faults.acting(kind, id, atMs);
      if (fault) return fault;
    }
    return undefined;
  };
  return (atMs) => {
    if (acting('clock-missing', atMs)) return null;
    const unset = acting('clock-unset', atMs);
    // It has started anew and counts from 1970.
    if (unset) return atMs - unset.fromMs;
    return atMs + Math.round((acting('clock-skew', atMs)?.sizes.byS ?? 0) * 1000);
  };
}

import type { DeviceId } from '../model/ids.ts';

/** So far a burst may run ahead of the clock; further ahead means that the clock was set back. */
const MAX_AHEAD_MS = 5_000;

/** Time of receipt for devices without a clock, epoch ms: never the same twice for a device, or its second reading would be a conflict. */
export function createReceiptClock(now: () => number): (device: DeviceId) => number {
  const last = new Map<DeviceId, number>();
  return (device) => {
    const nowMs = now();
    const next = (last.get(device) ?? 0) + 1;
    const at = next - nowMs > MAX_AHEAD_MS ? nowMs : Math.max(nowMs, next);
    last.set(device, at);
    return at;
  };
}

import type { DeviceId } from '../model/ids.ts';

/** Time of receipt for devices without a clock, epoch ms: never the same twice for a device, or its second reading would be a conflict. */
export function createReceiptClock(now: () => number): (device: DeviceId) => number {
  const last = new Map<DeviceId, number>();
  return (device) => {
    const at = Math.max(now(), (last.get(device) ?? 0) + 1);
    last.set(device, at);
    return at;
  };
}

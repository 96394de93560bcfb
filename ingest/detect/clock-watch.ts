/** Whose clock is off: the newest time of each device's messages, looked at once a second. */
import type { ConditionChange } from '../../model/condition.ts';
import type { DeviceId } from '../../model/ids.ts';
import type { ClockWatch } from '../../model/watch.ts';
import { CLOCK_RIGHT, type ClockMemory, evaluateClock } from './clock.ts';

export interface ClockWatcher {
  /** The newest time that a message names, and the server's at its receipt. */
  hear(device: DeviceId, ts: number, nowMs: number): void;
  sweep(): void;
}

export interface ClockOptions {
  readonly watches: readonly ClockWatch[];
  readonly isActive: (key: string) => boolean;
  readonly tell: (change: ConditionChange) => void;
  readonly now: () => number;
  readonly uptimeMs: () => number;
}

interface Slot {
  readonly watch: ClockWatch;
  /** Of what has come since the last look: the least that it is behind; null: nothing. */
  offsetMs: number | null;
  memory: ClockMemory;
}

/** What keeps a steady distance is told only after many minutes: a restart begins them anew. */
export function createClockWatcher({ watches, isActive, tell, now, uptimeMs }: ClockOptions): ClockWatcher {
  const byDevice = new Map<DeviceId, Slot[]>();
  for (const watch of watches) {
    const slot: Slot = { watch, offsetMs: null, memory: { ...CLOCK_RIGHT, isActive: isActive(watch.key) } };
    byDevice.set(watch.device, [...(byDevice.get(watch.device) ?? []), slot]);
  }
  /** Heard since the last look. */
  const heard: Slot[] = [];

  function judge(slot: Slot): void {
    if (slot.offsetMs === null) return;
    const before = slot.memory;
    slot.memory = evaluateClock(slot.watch, before, { offsetMs: slot.offsetMs, atMs: uptimeMs() });
    slot.offsetMs = null;
    if (slot.memory.isActive !== before.isActive) tellChange(slot);
  }

  function tellChange({ watch, memory }: Slot): void {
    const { key, rule, priority, latches, settleS, site, asset, device } = watch;
    const at = now();
    if (!memory.isActive) {
      tell({ kind: 'return', key, at, isHistorical: false });
      return;
    }
    const subject = { site, asset, device, metric: null, value: null, limit: null };
    const offsetS = Math.round((memory.least + memory.most) / 2000);
    const values = offsetS > 0 ? { behindS: offsetS } : { aheadS: -offsetS };
    const condition = { key, rule, detector: 'clock' as const, priority, latches, settleS };
    tell({ kind: 'raise', ...condition, at, isHistorical: false, ...subject, values });
  }

  return {
    hear(device, ts, nowMs) {
      const offsetMs = nowMs - ts;
      for (const slot of byDevice.get(device) ?? NONE) {
        if (slot.offsetMs === null) heard.push(slot);
        if (slot.offsetMs === null || offsetMs < slot.offsetMs) slot.offsetMs = offsetMs;
      }
    },
    sweep() {
      for (const slot of heard) judge(slot);
      heard.length = 0;
    },
  };
}

const NONE: readonly Slot[] = [];

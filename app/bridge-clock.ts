/** The clock of a small computer: many have none that outlasts a power cut, and are wrong until the network tells the time. */
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { uptime } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { BridgeClock } from '../firmware-bridge/clock.ts';
import { startClockSync } from './clock-sync.ts';
import { RELEASE } from './release.ts';

export interface RunningClock extends BridgeClock {
  stop(): void;
}

const BOOT_ID = '/proc/sys/kernel/random/boot_id';
const HARDWARE_CLOCKS = ['/dev/rtc', '/dev/rtc0'];

export async function startBridgeClock(): Promise<RunningClock> {
  const sync = await startClockSync();
  const releasedAtMs = Date.parse(RELEASE.date);
  const hasHardwareClock = process.platform !== 'linux' || HARDWARE_CLOCKS.some((file) => existsSync(file));
  const upAtOriginMs = uptime() * 1000 - performance.now();
  let wasSet = false;
  return {
    now: Date.now,
    upMs: () => upAtOriginMs + performance.now(),
    bootId: existsSync(BOOT_ID) ? readFileSync(BOOT_ID, 'utf8').trim() : randomUUID(),
    isSet() {
      // Once set it goes on, also when the network is away again.
      wasSet ||= Date.now() > releasedAtMs && (hasHardwareClock || !sync.isUnsynchronised());
      return wasSet;
    },
    sleep: (ms, signal) => delay(ms, undefined, { signal }).catch(() => undefined),
    stop: sync.stop,
  };
}

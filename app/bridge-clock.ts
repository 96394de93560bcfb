/** The clock of a small computer: many have none that outlasts a power cut, and are wrong until the network tells the time. */
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { uptime } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { BridgeClock, ClockSource } from '../firmware-bridge/clock.ts';
import type { ClockTrust } from '../model/bridge-file.ts';
import { type SyncState, startClockSync } from './clock-sync.ts';
import { RELEASE } from './release.ts';

export interface RunningClock extends BridgeClock {
  stop(): void;
}

const BOOT_ID = '/proc/sys/kernel/random/boot_id';

export async function startBridgeClock(trust: ClockTrust): Promise<RunningClock> {
  const sync = await startClockSync();
  const releasedAtMs = Date.parse(RELEASE.date);
  const upAtOriginMs = uptime() * 1000 - performance.now();
  let source: ClockSource | null = null;

  function findSource(): ClockSource | null {
    // Once set it goes on, also when the network is away again.
    if (source === null && Date.now() > releasedAtMs) source = sourceOf(trust, sync.state());
    return source;
  }

  return {
    now: Date.now,
    upMs: () => upAtOriginMs + performance.now(),
    bootId: existsSync(BOOT_ID) ? readFileSync(BOOT_ID, 'utf8').trim() : randomUUID(),
    isSet: () => findSource() !== null,
    source: findSource,
    sleep: (ms, signal) => delay(ms, undefined, { signal }).catch(() => undefined),
    stop: sync.stop,
  };
}

/** Null: it is not to be believed yet. */
function sourceOf(trust: ClockTrust, state: SyncState): ClockSource | null {
  if (state === 'synchronised') return 'ntp';
  if (trust === 'rtc') return 'rtc';
  return trust === 'auto' && state === 'nobody' ? 'unverified' : null;
}

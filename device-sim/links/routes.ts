/** When a report arrives that was sent at a time: how the links fail. A pure function of faults, seed and time. */
import type { SimFault } from '../../model/sim-fault.ts';
import { FAULT_KINDS } from '../../model/sim-fault-catalogue.ts';
import type { SimDevice } from '../devices/sim-device.ts';
import type { Faults } from '../faults.ts';
import { noiseKey, uniform } from '../noise.ts';

/** What a device's memory holds while its link is down, in reports of its interval; then the oldest is overwritten. */
export const MEMORY_REPORTS = 5000;
/** A backlog is sent over this time at most, oldest first, beside what is new. */
const BACKLOG_MS = 5 * 60_000;
/** The copy of a report comes this much later at most: a lost acknowledgement. */
const COPY_WITHIN_MS = 30_000;

/** Times of arrival, rising: none where it is lost, two where it comes twice, Infinity while nobody can tell. */
export type Route = (device: SimDevice, sentMs: number) => readonly number[];

export function createRoutes(faults: Faults, site: string, seed: number): Route {
  const key = noiseKey(seed, 'links');
  const keys = new Map<string, Record<'loss' | 'delay' | 'copy' | 'copyDelay', number>>();

  function keysOf(id: string) {
    const found = keys.get(id) ?? {
      loss: noiseKey(key, `loss/${id}`),
      delay: noiseKey(key, `delay/${id}`),
      copy: noiseKey(key, `copy/${id}`),
      copyDelay: noiseKey(key, `copyDelay/${id}`),
    };
    keys.set(id, found);
    return found;
  }

  /** The one that lasts longest decides. */
  function outage({ path }: SimDevice, atMs: number): SimFault | undefined {
    const acting = [
      faults.acting('operator-outage', site, atMs),
      ...path.map((id) => faults.acting('link-down', id, atMs)),
    ].filter((fault) => fault !== undefined);
    return acting.sort((a, b) => endOf(b) - endOf(a))[0];
  }

  const areSound = createSoundness(faults);
  return (device, sentMs) => {
    if (areSound()) return [sentMs];
    const keysHere = keysOf(device.device.id);
    const isOnce = (name: 'loss' | 'copy', percent: number): boolean => uniform(keysHere[name], sentMs) * 100 < percent;
    const worst = (kind: string, size: string, atMs: number): number =>
      Math.max(0, ...device.path.map((id) => faults.acting(kind, id, atMs)?.sizes[size] ?? 0));

    let atMs = sentMs;
    for (let down = outage(device, atMs); down; down = outage(device, atMs)) {
      atMs = afterOutage(down, sentMs, device.everyMs);
      if (atMs === Number.POSITIVE_INFINITY) return [atMs];
    }
    if (isOnce('loss', worst('link-lossy', 'percent', atMs))) return [];
    const lateMs = worst('link-late', 'byS', atMs) * 1000;
    const asideMs = worst('link-reorders', 'withinS', atMs) * 1000 * uniform(keysHere.delay, sentMs);
    const arrivesMs = atMs + Math.round(lateMs + asideMs);
    if (!isOnce('copy', worst('link-duplicates', 'percent', atMs))) return [arrivesMs];
    return [arrivesMs, arrivesMs + 1000 + Math.floor(uniform(keysHere.copyDelay, sentMs) * COPY_WITHIN_MS)];
  };
}

/** Whether no link ever fails, as on most days: asked with every report. */
function createSoundness(faults: Faults): () => boolean {
  let revision = Number.NaN;
  let isSound = true;
  return () => {
    if (revision !== faults.revision) {
      revision = faults.revision;
      isSound = !faults.all().some(({ kind }) => FAULT_KINDS.get(kind)?.domain === 'link');
    }
    return isSound;
  };
}

function endOf({ toMs }: SimFault): number {
  return toMs ?? Number.POSITIVE_INFINITY;
}

/** When a report that waits in memory leaves it. What will be overwritten before the link is back waits until it is. */
function afterOutage(down: SimFault, sentMs: number, everyMs: number): number {
  const endMs = endOf(down);
  const memoryMs = MEMORY_REPORTS * everyMs;
  if (endMs - sentMs > memoryMs) return Number.POSITIVE_INFINITY;
  const oldestMs = Math.max(down.fromMs, endMs - memoryMs);
  const share = Math.max(0, sentMs - oldestMs) / (endMs - oldestMs);
  return endMs + Math.round(share * Math.min(BACKLOG_MS, (endMs - oldestMs) / 10));
}

/** Store and forward: readings go to the disk first, leave on their PUBACK, and are sent in two lanes. */
import type { MqttLink } from '../../link/mqtt-link.ts';
import type { Outbox } from '../../link/outbox.ts';
import type { Log } from '../../model/log.ts';
import { telemetryTopic } from '../../model/topic.ts';
import type { BridgeClock } from '../clock.ts';
import type { Values } from '../poll/device-poller.ts';
import { keepAgeLimit } from './age-limit.ts';
import { startBacklogLane } from './backlog-lane.ts';
import { createDatings } from './datings.ts';
import { type Entry, encodeEntry, timeNow } from './entry.ts';
import { createLiveLane } from './live-lane.ts';

export interface SenderOptions {
  readonly site: string;
  /** Older readings are dropped. */
  readonly maxAgeMs: number;
}

export interface SenderParts {
  readonly outbox: Outbox;
  readonly link: Pick<MqttLink, 'publish' | 'publishNow'>;
  readonly clock: BridgeClock;
  readonly log: Log;
  /** The disk begins to refuse readings, or to hang. */
  readonly onUnsaved?: () => void;
}

export interface Sender {
  /** Takes what was read just now. Resolves when there is room for more. */
  record(device: string, values: Values): Promise<void>;
  /** Readings that the disk would not take, since the start: the newest of them were sent all the same. */
  unsaved(): number;
  stop(): Promise<void>;
}

/** Readings on their way to the disk: a slow card holds up the polling, and not the memory. */
const MOST_PENDING = 200;
const SAVE_WITHIN_MS = 10_000;

export function startSender(
  { site, maxAgeMs }: SenderOptions,
  { outbox, link, clock, log, onUnsaved }: SenderParts,
): Sender {
  const datings = createDatings(outbox, clock);
  const seqs = new Map<string, number>();
  const lastTimes = new Map<string, number>();
  const stopping = new AbortController();
  const pending = new Set<Promise<void>>();
  let arrived: number[] = [];
  let removing: Promise<void> | null = null;
  let unsaved = 0;
  let isFailing = false;

  const publish = (device: string, payload: Uint8Array) => link.publish(telemetryTopic(site, device), payload);

  const live = createLiveLane({
    ...{ clock, datings },
    publish,
    publishNow: (device, payload) => link.publishNow(telemetryTopic(site, device), payload),
    onArrived(id) {
      arrived.push(id);
      removing ??= removeArrived().finally(() => {
        removing = null;
      });
    },
    onOvertaken: (id) => backlog.lookFrom(id),
  });
  const backlog = startBacklogLane({ outbox, clock, datings, log, isLive: live.has, publish });

  /** All that have arrived while the last of them were removed go in one commit. */
  async function removeArrived(): Promise<void> {
    while (arrived.length > 0) {
      const ids = arrived;
      arrived = [];
      try {
        await outbox.removeEach(ids);
      } catch (error) {
        log.warn({ reason: (error as Error).message }, 'what has arrived cannot be removed and is sent again');
      }
      live.forget(ids);
    }
  }

  /** A disk that hangs refuses nothing. What lands after all is sent again from there, which the server knows (contract 2.5). */
  async function append(entry: Entry, items: number): Promise<number> {
    if (outbox.overdueMs() > 0) throw new Error('the disk does not answer');
    const tooLate = Promise.withResolvers<never>();
    const timer = setTimeout(() => tooLate.reject(new Error('the disk does not answer')), SAVE_WITHIN_MS);
    try {
      return await Promise.race([outbox.append(encodeEntry(entry), items), tooLate.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  async function save(entry: Entry): Promise<void> {
    const items = Object.keys(entry.values).length;
    try {
      live.add({ id: await append(entry, items), entry });
      isFailing = false;
    } catch (error) {
      if (!isFailing) {
        log.error({ reason: (error as Error).message }, 'readings cannot be saved; live ones are sent');
        onUnsaved?.();
      }
      isFailing = true;
      unsaved += items;
      live.add({ id: null, entry });
    }
  }

  /** Two readings of a device in one millisecond would be one to the store (contract 2.5). */
  function distinctTime(device: string): Entry['time'] {
    const time = timeNow(clock);
    if (typeof time !== 'number') return time;
    const distinct = time === lastTimes.get(device) ? time + 1 : time;
    lastTimes.set(device, distinct);
    return distinct;
  }

  const dropping = keepAgeLimit(maxAgeMs, { outbox, clock, datings, log }, stopping.signal);
  return {
    async record(device, values) {
      const seq = seqs.get(device) ?? 0;
      seqs.set(device, seq + 1);
      const saving = save({ device, seq, values, time: distinctTime(device) }).finally(() => pending.delete(saving));
      pending.add(saving);
      if (pending.size >= MOST_PENDING) await Promise.race(pending);
    },
    unsaved: () => unsaved,
    async stop() {
      stopping.abort();
      await Promise.all(pending);
      await backlog.stop();
      await dropping;
      await removing;
    },
  };
}

/** What the live lane left behind: oldest first, few small messages on their way at a time, so that live values get past. */

import type { OutboxEntry } from '../../link/outbox/file.ts';
import type { Outbox } from '../../link/outbox.ts';
import type { Log } from '../../model/log.ts';
import { encodeBacklog, type TelemetryFrame } from '../../model/telemetry.ts';
import type { BridgeClock } from '../clock.ts';
import type { Datings } from './datings.ts';
import { decodeEntry, toFrame } from './entry.ts';

export interface BacklogLane {
  /** From that id on there may be something to send. */
  lookFrom(id: number): void;
  stop(): Promise<void>;
}

export interface BacklogLaneParts {
  readonly outbox: Outbox;
  readonly clock: BridgeClock;
  readonly datings: Datings;
  readonly log: Log;
  isLive(id: number): boolean;
  /** Resolves on the acknowledgement. */
  publish(device: string, payload: Uint8Array): Promise<void>;
}

/** What leaves the disk in one commit. */
const BATCH = { maxItems: 100_000, maxBytes: 64 * 1024 };
/** On their way together: at 20 kbit/s some six seconds, and so long a live value waits at the most. */
const [MOST_ON_THEIR_WAY, MESSAGE_BYTES] = [4, 4 * 1024];
const AGAIN_MS = 10_000;

interface Sorted {
  readonly ids: number[];
  readonly frames: Map<string, TelemetryFrame[]>;
  /** Read in a boot that ended before the clock was set: nobody can tell when. */
  readonly undatable: OutboxEntry[];
  /** Whether the rest must wait for the clock to be set. */
  isWaiting: boolean;
}

export function startBacklogLane(parts: BacklogLaneParts): BacklogLane {
  const { outbox, clock, datings, log, isLive, publish } = parts;
  let cursor = 0;
  let wake = Promise.withResolvers<void>();
  const stopping = new AbortController();
  let giveUp: () => void = () => undefined;

  function sort(entries: readonly OutboxEntry[]): Sorted {
    const sorted: Sorted = { ids: [], frames: new Map(), undatable: [], isWaiting: false };
    for (const each of entries) {
      if (isLive(each.id)) continue;
      const entry = decodeEntry(each.data);
      const date = datings.dateOf(entry.time);
      if (date === 'wait') {
        sorted.isWaiting = true;
        break;
      }
      if (date === 'never') sorted.undatable.push(each);
      else {
        sorted.ids.push(each.id);
        const ofDevice = sorted.frames.get(entry.device) ?? [];
        ofDevice.push(toFrame(entry, date));
        sorted.frames.set(entry.device, ofDevice);
      }
    }
    return sorted;
  }

  /** Whether there is more to do at once. */
  async function sendBatch(): Promise<boolean> {
    const from = cursor;
    const entries = await outbox.peekAfter({ id: from, ...BATCH });
    await datings.update();
    // `lookFrom` may ask for something earlier meanwhile: that is kept.
    if (cursor === from) cursor = entries.at(-1)?.id ?? from;
    const { ids, frames, undatable, isWaiting } = sort(entries);
    if (isWaiting) cursor = Math.min(cursor, from);
    await orStopped(send(frames));
    if (stopping.signal.aborted) return false;
    if (undatable.length > 0)
      log.warn({ entries: undatable.length }, 'readings whose time nobody can tell are not sent');
    const letters = undatable.map(({ data }) => ({ reason: 'undatable', text: Buffer.from(data).toString() }));
    if (ids.length + undatable.length > 0) {
      await outbox.removeEach([...ids, ...undatable.map(({ id }) => id)], letters);
    }
    if (isWaiting) await clock.sleep(AGAIN_MS, stopping.signal);
    return entries.length > 0;
  }

  async function send(frames: Sorted['frames']): Promise<void> {
    const messages = [...frames]
      .flatMap(([device, some]) => encodeBacklog(some, MESSAGE_BYTES).map((payload) => ({ device, payload })))
      .values();
    const sendNext = async (): Promise<void> => {
      for (const { device, payload } of messages) {
        if (!stopping.signal.aborted) await publish(device, payload);
      }
    };
    const ends = await Promise.allSettled(Array.from({ length: MOST_ON_THEIR_WAY }, sendNext));
    const failed = ends.find((end) => end.status === 'rejected');
    if (failed) throw failed.reason;
  }

  /** At the end nobody waits for a broker that is away: what is on disk is sent at the next start. */
  function orStopped(sending: Promise<unknown>): Promise<void> {
    // No race with one promise for all batches: that would remember every one of them.
    return new Promise((resolve, reject) => {
      giveUp = resolve;
      sending.then(() => resolve(), reject);
    });
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      wake = Promise.withResolvers();
      const from = cursor;
      const isMore = await sendBatch().catch((error: Error) => onFault(error, from));
      if (!isMore) await wake.promise;
    }
  }

  /** The link has stopped, or the disk does not answer: nothing is lost by waiting, and what is sent twice is stored once. */
  async function onFault(error: Error, from: number): Promise<boolean> {
    if (stopping.signal.aborted) return false;
    cursor = Math.min(cursor, from);
    log.warn({ reason: error.message }, 'the backlog cannot be sent; trying again');
    await clock.sleep(AGAIN_MS, stopping.signal);
    return true;
  }

  const running = run();
  return {
    lookFrom(id) {
      cursor = Math.min(cursor, id - 1);
      wake.resolve();
    },
    async stop() {
      stopping.abort();
      giveUp();
      wake.resolve();
      await running;
    },
  };
}

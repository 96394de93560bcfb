/**
 * The newest readings of each device, sent at once and past all that waits. One that is overtaken before it was sent is left
 * to the backlog.
 */
import { encodeTelemetry } from '../../model/telemetry.ts';
import type { BridgeClock } from '../clock.ts';
import type { Datings } from './datings.ts';
import { type Entry, toFrame } from './entry.ts';

/** An entry and its id in the outbox; null where the disk would not take it. */
interface Waiting {
  readonly id: number | null;
  readonly entry: Entry;
}

export interface LiveLane {
  add(waiting: Waiting): void;
  /** Whether the live lane has it, so that the backlog leaves it alone. */
  has(id: number): boolean;
  /** It is off the disk. */
  forget(ids: readonly number[]): void;
}

export interface LiveLaneParts {
  readonly clock: BridgeClock;
  readonly datings: Datings;
  publish(device: string, payload: Uint8Array): Promise<void>;
  /** At once, or it rejects. */
  publishNow(device: string, payload: Uint8Array): Promise<void>;
  /** On the acknowledgement. */
  onArrived(id: number): void;
  onOvertaken(id: number): void;
}

/** On their way at once: a slow link is not to be filled with what grows old on it. */
const MOST_ON_THEIR_WAY = 8;
/** Without a set clock only what was read just now may get the time of its receipt. */
const JUST_NOW_MS = 10_000;

export function createLiveLane(parts: LiveLaneParts): LiveLane {
  const { clock, datings, publish, publishNow, onArrived, onOvertaken } = parts;
  const newest = new Map<string, Waiting>();
  /** On their way, or arrived and still on the disk. */
  const taken = new Set<number>();
  let onTheirWay = 0;

  function leave({ id }: Waiting): void {
    if (id !== null) onOvertaken(id);
  }

  /** Null: not in this lane. */
  function publishing({ entry }: Waiting): Promise<void> | null {
    const { device, time } = entry;
    const date = datings.dateOf(time);
    if (typeof date === 'number') return publish(device, encodeTelemetry([toFrame(entry, date)]));
    const age = datings.ageOf(time);
    const isJustRead = age !== null && age < JUST_NOW_MS;
    return isJustRead && !clock.isSet() ? publishNow(device, encodeTelemetry([toFrame(entry)])) : null;
  }

  async function send(waiting: Waiting): Promise<void> {
    const published = publishing(waiting);
    if (!published) return leave(waiting);
    const { id } = waiting;
    if (id !== null) taken.add(id);
    onTheirWay++;
    try {
      await published;
      if (id !== null) onArrived(id);
    } catch {
      if (id !== null) taken.delete(id);
      leave(waiting);
    }
    onTheirWay--;
    pump();
  }

  function pump(): void {
    for (const [device, waiting] of newest) {
      if (onTheirWay >= MOST_ON_THEIR_WAY) return;
      newest.delete(device);
      void send(waiting);
    }
  }

  return {
    add(waiting) {
      const { device } = waiting.entry;
      const overtaken = newest.get(device);
      // Behind the others: who waits longest is sent first.
      newest.set(device, waiting);
      if (overtaken) leave(overtaken);
      pump();
    },
    has: (id) => taken.has(id) || [...newest.values()].some((waiting) => waiting.id === id),
    forget(ids) {
      for (const id of ids) taken.delete(id);
    },
  };
}

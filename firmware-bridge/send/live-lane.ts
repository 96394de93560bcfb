/**
 * The newest readings of each device, sent at once and past all that waits. One that is overtaken before it was sent is left
 * to the backlog.
 */
import type { TelemetryFrame } from '../../model/telemetry.ts';
import type { BridgeClock } from '../clock.ts';
import { type Entry, toFrame, toUndatedFrame } from './entry.ts';

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
  publish(device: string, frame: TelemetryFrame): Promise<void>;
  /** On the acknowledgement. */
  onArrived(id: number): void;
  onOvertaken(id: number): void;
}

/** On their way at once: a slow link is not to be filled with what grows old on it. */
const MOST_ON_THEIR_WAY = 8;
/** Without a set clock only what was read just now may get the time of its receipt. */
const JUST_NOW_MS = 10_000;

export function createLiveLane({ clock, publish, onArrived, onOvertaken }: LiveLaneParts): LiveLane {
  const newest = new Map<string, Waiting>();
  /** On their way, or arrived and still on the disk. */
  const taken = new Set<number>();
  let onTheirWay = 0;

  function leave({ id }: Waiting): void {
    if (id !== null) onOvertaken(id);
  }

  function frameOf({ entry }: Waiting): TelemetryFrame | null {
    const frame = toFrame(entry, clock);
    if (typeof frame === 'object') return frame;
    // One at a time, since what is caught by an outage arrives with a time that is too late.
    const isFresh = typeof entry.time === 'object' && clock.upMs() - entry.time.upMs < JUST_NOW_MS;
    return isFresh && onTheirWay === 0 ? toUndatedFrame(entry) : null;
  }

  async function send(waiting: Waiting, frame: TelemetryFrame): Promise<void> {
    const { id, entry } = waiting;
    if (id !== null) taken.add(id);
    onTheirWay++;
    try {
      await publish(entry.device, frame);
      if (id !== null) onArrived(id);
    } catch {
      // The link has stopped; what is on disk is sent at the next start.
    }
    onTheirWay--;
    pump();
  }

  function pump(): void {
    for (const [device, waiting] of newest) {
      if (onTheirWay >= MOST_ON_THEIR_WAY) return;
      newest.delete(device);
      const frame = frameOf(waiting);
      if (frame) void send(waiting, frame);
      else leave(waiting);
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

/** Telemetry that waits for its commit: counted per client and in all, and let go of when its client is gone. */
import type { Connection, Held } from './connection.ts';
import { type BrokerLimits, SWEEP_MS } from './limits.ts';
import type { Watchlist } from './watchlist.ts';

export interface HoldCounts {
  readonly messages: number;
  readonly bytes: number;
  /** Since the start: telemetry that found no room. */
  readonly refused: number;
}

export interface Hold {
  /** False where there is no room left. Without a connection (the will of a dead client) it counts in all only. */
  add(held: Held): boolean;
  /** It is committed, or cannot be. */
  remove(held: Held): void;
  letGo(connection: Connection): void;
  isFull(): boolean;
  isOverdue(connection: Connection): boolean;
  /** Time passes. */
  sweep(): void;
  counts(): HoldCounts;
}

interface HoldParts {
  readonly limits: BrokerLimits;
  readonly watchlist: Pick<Watchlist, 'add'>;
  readonly onRoom: () => void;
}

export function createHold({ limits, watchlist, onRoom }: HoldParts): Hold {
  let messages = 0;
  let bytes = 0;
  let refused = 0;
  let isFull = false;
  let sweep = 0;

  const exceeds = (factor: number): boolean =>
    messages >= limits.heldMessages * factor || bytes >= limits.heldBytes * factor;

  function checkRoom(): void {
    if (!isFull || exceeds(0.5)) return;
    isFull = false;
    onRoom();
  }

  return {
    add(held) {
      if (exceeds(2)) {
        refused++;
        return false;
      }
      const { connection } = held;
      held.sinceSweep = sweep;
      messages++;
      bytes += held.bytes;
      isFull ||= exceeds(1);
      if (connection) {
        connection.held ??= new Set();
        connection.held.add(held);
        connection.heldBytes += held.bytes;
        watchlist.add(connection);
      }
      return true;
    },
    remove(held) {
      const { connection } = held;
      if (connection) {
        connection.held?.delete(held);
        connection.heldBytes -= held.bytes;
      }
      messages--;
      bytes -= held.bytes;
      checkRoom();
    },
    /** The messages themselves stay counted in all: whoever stores them still has them in memory. */
    letGo(connection) {
      for (const held of connection.held ?? []) {
        held.connection = null;
        held.callback = null;
      }
      connection.held = null;
      connection.heldBytes = 0;
    },
    isFull: () => isFull,
    isOverdue({ held }) {
      if (held === null || held.size === 0) return false;
      const [oldest] = held;
      return oldest !== undefined && (sweep - oldest.sinceSweep) * SWEEP_MS > limits.heldMs;
    },
    sweep: () => {
      sweep++;
    },
    counts: () => ({ messages, bytes, refused }),
  };
}

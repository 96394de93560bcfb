/** Telemetry that waits for its commit: counted per client and in all, and let go of when its client is gone. */
import type { Connection, Held } from './connection.ts';
import { type BrokerLimits, SWEEP_MS } from './limits.ts';
import type { Watchlist } from './watchlist.ts';

type Callback = (error?: Error | null) => void;

export interface HoldCounts {
  readonly messages: number;
  readonly bytes: number;
  /** Since the start: telemetry that found no room. */
  readonly refused: number;
}

export interface Hold {
  /** Null where there is no room left. Without a connection (the will of a dead client) it counts in all only. */
  add(bytes: number, connection: Connection | null, callback: Callback): Held | null;
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
    add(size, connection, callback) {
      if (exceeds(2)) {
        refused++;
        return null;
      }
      messages++;
      bytes += size;
      isFull ||= exceeds(1);
      const held: Held = { bytes: size, sinceSweep: sweep, connection, callback };
      if (connection) {
        connection.held ??= new Set();
        connection.held.add(held);
        connection.heldBytes += size;
        watchlist.add(connection);
      }
      return held;
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

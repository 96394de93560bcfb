/** Packets that are not whole yet: what of them waits in memory, of whom, and since when. */

import type { Log } from '../model/log.ts';
import { type Connection, cutOff } from './connection.ts';
import { type BrokerLimits, SWEEP_MS } from './limits.ts';

export interface Partials {
  /** So many bytes wait for the rest of their packet, after a piece of so many was read. */
  note(connection: Connection, waitingBytes: number, pieceBytes: number): void;
  end(connection: Connection): void;
  /** Time passes. */
  sweep(): void;
  bytes(): number;
}

/** Each piece is a buffer of its own: a byte that comes by itself costs so much. */
const PIECE_BYTES = 300;

export function createPartials(limits: BrokerLimits, log: Log): Partials {
  const partial = new Set<Connection>();
  let bytes = 0;
  let sweep = 0;

  function set(connection: Connection, costBytes: number): void {
    bytes += costBytes - connection.partialBytes;
    if (connection.partialBytes === 0) {
      connection.partialSince = sweep;
      partial.add(connection);
    }
    connection.partialBytes = costBytes;
    if (costBytes === 0) partial.delete(connection);
  }

  function cut(connection: Connection, sentence: string): void {
    set(connection, 0);
    cutOff(connection, log, sentence);
  }

  function cutLargest(): void {
    let largest: Connection | null = null;
    for (const each of partial) if (largest === null || each.partialBytes > largest.partialBytes) largest = each;
    if (largest) cut(largest, 'cut off: too much waits for the rest of packets, and most of it here');
  }

  return {
    note(connection, waitingBytes, pieceBytes) {
      if (waitingBytes === 0) {
        if (connection.partialBytes > 0) set(connection, 0);
        return;
      }
      const { _parser: parser } = connection.client;
      set(connection, waitingBytes + parser._list._bufs.length * PIECE_BYTES);
      // Fewer than the piece had: another packet has begun in it.
      if (waitingBytes < pieceBytes) connection.partialSince = sweep;
      const most = connection.isSignedIn ? limits.packetBytes : limits.connectBytes;
      if (connection.partialBytes > most) cut(connection, 'cut off: a packet beyond all measure');
      while (bytes > limits.partialBytes) cutLargest();
    },
    end: (connection) => set(connection, 0),
    sweep() {
      sweep++;
      for (const each of partial) {
        const isOverdue = (sweep - each.partialSince) * SWEEP_MS > limits.partialMs;
        if (isOverdue) cut(each, 'cut off: a packet that does not come to its end');
      }
    },
    bytes: () => bytes,
  };
}

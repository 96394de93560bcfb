/** What may still be written to a subscriber that reads slowly or not at all: it costs nobody else, and little memory. */
import type { Socket } from 'node:net';
import type { AedesPublishPacket } from 'aedes';
import type { Log } from '../model/log.ts';
import { type Connection, cutOff } from './connection.ts';
import { type BrokerLimits, SWEEP_MS } from './limits.ts';
import type { Watchlist } from './watchlist.ts';

export interface OutletCounts {
  /** Messages of QoS 0 that a slow subscriber did not get. */
  readonly dropped: number;
  readonly cutOff: number;
}

export interface Outlet {
  mayForward(connection: Connection, packet: AedesPublishPacket): boolean;
  sweep(connection: Connection): void;
  end(connection: Connection): void;
  counts(): OutletCounts;
}

/** Header, message id and what the socket keeps for it. */
const PACKET_BYTES = 64;

interface OutletParts {
  readonly limits: BrokerLimits;
  readonly watchlist: Pick<Watchlist, 'add'>;
  readonly log: Log;
}

export function createOutlet({ limits, watchlist, log }: OutletParts): Outlet {
  let dropped = 0;
  let cut = 0;
  let excessBytes = 0;

  function end(connection: Connection): void {
    excessBytes -= connection.excessBytes;
    connection.excessBytes = 0;
  }

  function cutSlow(connection: Connection): void {
    if (connection.client.conn.destroyed) return;
    cut++;
    cutOff(connection, log, 'cut off: reads too slowly; what a persistent session is owed waits for its return');
  }

  function mayExceed(connection: Connection, unreadBytes: number, packet: AedesPublishPacket): boolean {
    if (unreadBytes > limits.unreadHardBytes || excessBytes > limits.unreadExcessBytes) {
      cutSlow(connection);
      return false;
    }
    const bytes = packet.topic.length + packet.payload.length + PACKET_BYTES;
    connection.excessBytes += bytes;
    excessBytes += bytes;
    return true;
  }

  return {
    mayForward(connection, packet) {
      const unreadBytes = connection.client.conn.writableLength;
      if (unreadBytes > 0) watchlist.add(connection);
      // Retained messages and those of the offline queue, which have their number, are written one after the other.
      if (packet.retain || packet.messageId !== undefined) return true;
      if (unreadBytes <= limits.unreadSoftBytes) return true;
      if (packet.qos > 0 && connection.wantsQos > 0) return mayExceed(connection, unreadBytes, packet);
      dropped++;
      return false;
    },
    sweep(connection) {
      const { conn } = connection.client;
      const unreadBytes = conn.writableLength;
      if (connection.excessBytes > 0 && unreadBytes <= limits.unreadSoftBytes) end(connection);
      if (unreadBytes === 0) {
        connection.stuckSweeps = 0;
        return;
      }
      const sentBytes = conn.bytesWritten - unreadBytes;
      const sendingBytes = bytesWithKernel(conn);
      const isStuck = sentBytes === connection.sentBytes && sendingBytes === connection.sendingBytes;
      connection.stuckSweeps = isStuck ? connection.stuckSweeps + 1 : 0;
      connection.sentBytes = sentBytes;
      connection.sendingBytes = sendingBytes;
      if (connection.stuckSweeps * SWEEP_MS >= limits.unreadMs) cutSlow(connection);
    },
    end,
    counts: () => ({ dropped, cutOff: cut }),
  };
}

/** A write that is only half done shows nowhere else; without it a slow line would look like a dead one. */
function bytesWithKernel(socket: Socket): number {
  const { _handle: handle } = socket as unknown as { _handle: { writeQueueSize: number } | null };
  return handle?.writeQueueSize ?? 0;
}

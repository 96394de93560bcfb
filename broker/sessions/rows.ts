/** What is kept in memory and in the file: one object a row, which knows whether the file has it. */
import type { AedesPublishPacket, Subscription } from 'aedes';

interface Saved {
  isSaved: boolean;
  /** Gone from memory; to be deleted where it is saved. */
  isGone: boolean;
}

export interface RetainedRow extends Saved {
  readonly table: 'retained';
  readonly topic: string;
  packet: AedesPublishPacket;
}

export interface SessionRow extends Saved {
  readonly table: 'session';
  readonly clientId: string;
  readonly grants: Map<string, SessionSubscription>;
  /** What the filters cost in memory. */
  bytes: number;
  isOnline: boolean;
  /** Epoch ms: when it was last online, as far as known. */
  seenMs: number;
}

export interface SessionSubscription extends Subscription {
  readonly clientId: string;
}

/** A message, or the PUBREL that has taken its place in the handshake of QoS 2. */
export interface OutgoingPacket extends Partial<Omit<AedesPublishPacket, 'cmd' | 'messageId'>> {
  cmd: 'publish' | 'pubrel';
  messageId?: number | undefined;
}

export interface QueuedRow extends Saved {
  readonly table: 'queued';
  /** Ever growing, also over restarts: the order of the queue. */
  readonly seq: number;
  readonly clientId: string;
  /** By which aedes finds it. */
  readonly brokerCounter: number;
  readonly atMs: number;
  readonly bytes: number;
  /** Null once it is gone. */
  packet: OutgoingPacket | null;
}

export type Row = RetainedRow | SessionRow | QueuedRow;

/** Takes note that a row differs from the file. */
export type Note = (row: Row) => void;

/** A copy of its own: what comes from the socket is a slice that holds on to a whole chunk. */
export function ownBytes(payload: AedesPublishPacket['payload']): Buffer {
  return typeof payload === 'string' ? Buffer.from(payload) : Buffer.from(payload);
}

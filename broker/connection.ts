/** What the broker remembers of a connection, besides what aedes does; small, since there may be thousands at rest. */
import type { Socket } from 'node:net';
import type { Client, PublishPacket } from 'aedes';
import type { Log } from '../model/log.ts';

/** What aedes 1.2.0 keeps to itself: the version is pinned, and tests notice a change. */
interface ClientInsides extends Client {
  readonly conn: Socket;
  readonly _parser: {
    client: ClientInsides;
    parse(piece: Buffer): number;
    /** What is of the packet that is not whole yet, in the pieces in which it came. */
    readonly _list: { readonly _bufs: readonly Buffer[] };
  };
  /** Packets read and not yet done with. */
  _parsingBatch: number;
  /** It has said DISCONNECT. */
  readonly _disconnected: boolean;
  /** Of the CONNECT that is being answered. */
  readonly _will?: { readonly topic: string; readonly payload: Uint8Array | string } | null;
  deliverQoS(packet: object, done: () => void): void;
  /** While aedes signs the client in. */
  readonly _paused?: boolean;
  /** Called once per packet that is done with, and once more when aedes has signed the client in. Ours, see intake. */
  _nextBatch: (error?: Error | null) => void;
  readonly _keepaliveTimer: NodeJS.Timeout | null;
  readonly _keepaliveInterval: number;
  readonly subscriptions: Readonly<Record<string, unknown>>;
}

type Callback = (error?: Error | null) => void;

/** A message that waits for its commit, and no more of it than is needed then: there may be tens of thousands. */
export interface Held {
  readonly bytes: number;
  /** To be acknowledged; null where nothing is owed, or aedes sees to it. */
  readonly messageId: number | null;
  /** For those who have subscribed; null where nobody has. */
  readonly copy: PublishPacket | null;
  /** Null for a will, and once the client is gone: what waits must not keep it in memory. */
  connection: Connection | null;
  /** Of aedes, where it ends the matter by itself (QoS 2, a will); null once the client is gone. */
  callback: Callback | null;
  /** Counted in sweeps, from when it was added. */
  sinceSweep: number;
}

export interface Connection {
  readonly client: ClientInsides;
  /** In order of arrival; null until the first. */
  held: Set<Held> | null;
  heldBytes: number;
  /** Message ids to be acknowledged in the next turn. */
  answers: number[] | null;
  /** On the watchlist. */
  isWatched: boolean;
  isReading: boolean;
  /** Read of it at once: less where that takes long. */
  pieceBytes: number;
  /** At a limit: read on at half. */
  isStopped: boolean;
  /** One line in the log is enough for an end. */
  isToldOf: boolean;
  /** Granted; null until the first. */
  filters: Set<string> | null;
  /** Of a clean session. */
  filterBytes: number;
  willBytes: number;
  /** Has said CONNECT, and was let in. */
  isSignedIn: boolean;
  /** Of a packet that is not whole yet, with what its pieces cost besides. */
  partialBytes: number;
  /** Counted in sweeps: since then. */
  partialSince: number;
  /** Highest QoS ever subscribed. */
  wantsQos: number;
  /** Written above the soft limit. */
  excessBytes: number;
  sentBytes: number;
  sendingBytes: number;
  stuckSweeps: number;
}

const FIRST_PIECE_BYTES = 32 * 1024;

export function createConnection(client: Client): Connection {
  return {
    client: client as ClientInsides,
    held: null,
    heldBytes: 0,
    answers: null,
    isWatched: false,
    isReading: false,
    pieceBytes: FIRST_PIECE_BYTES,
    isStopped: false,
    isToldOf: false,
    filters: null,
    filterBytes: 0,
    willBytes: 0,
    isSignedIn: false,
    partialBytes: 0,
    partialSince: 0,
    wantsQos: 0,
    excessBytes: 0,
    sentBytes: 0,
    sendingBytes: 0,
    stuckSweeps: 0,
  };
}

export function cutOff(connection: Connection, log: Log, sentence: string): void {
  const { client, held } = connection;
  tellOnce(connection, log, { held: held?.size ?? 0, unreadBytes: client.conn.writableLength }, sentence);
  client.conn.destroy();
}

/** aedes tells of every message that a vanished client left behind; the first line is enough. */
export function tellOnce(connection: Connection, log: Log, facts: object, sentence: string): void {
  if (connection.isToldOf) return;
  connection.isToldOf = true;
  log.warn({ client: connection.client.id, ...facts }, sentence);
}

/**
 * Reads what a client sends, in place of aedes. aedes waits until all packets of a chunk are done with before it reads the
 * next, so that a ping waits behind telemetry that waits for the disk; where each packet comes by itself it does not wait at
 * all; and a client paused and resumed meanwhile may never be read again, since what ends in a pause is not counted.
 */

import type { Connection } from './connection.ts';
import type { Hold } from './hold.ts';
import type { BrokerLimits } from './limits.ts';
import type { Partials } from './partials.ts';
import type { Watchlist } from './watchlist.ts';

export interface Intake {
  start(connection: Connection): void;
  /** There is room again: whoever has waited longest is read first. */
  resume(): void;
  /** Once a second, for a connection that is not at rest. */
  sweep(connection: Connection): void;
  end(connection: Connection): void;
}

const PINGRESP = Buffer.from([0xd0, 0]);
/** Where all together are at the limit, each brings little in its turn. */
const SMALL_PIECE_BYTES = 4 * 1024;
/**
 * What is read of all clients in one turn of the event loop, and of one of them. A flood of hundreds, each read to its end,
 * kept a device that sends once a second waiting for half a minute, and a gigabyte of packets in memory.
 */
const TURN_BYTES = 512 * 1024;
const MOST_PIECE_BYTES = 32 * 1024;
const LEAST_PIECE_BYTES = 1024;
/** Nor longer: what is dear to read waits for the next turn, and comes in smaller pieces. */
const TURN_MS = 50;
const DEAR_MS = 10;
const CHEAP_MS = 2;
const LEAST_DEAR_BYTES = 256;
/** Telemetry is held no longer than 10 s, so a ping of a client with a longer keepalive can wait for its turn. */
const SHORT_KEEPALIVE_MS = 15_001;

interface IntakeParts {
  readonly limits: BrokerLimits;
  readonly hold: Pick<Hold, 'isFull'>;
  readonly watchlist: Pick<Watchlist, 'add'>;
  readonly partials: Pick<Partials, 'note'>;
}

export function createIntake({ limits, hold, watchlist, partials }: IntakeParts): Intake {
  const stopped = new Set<Connection>();
  /** Those with more to read, in the next turn. */
  const inTurn = new Set<Connection>();
  let isTurnDue = false;
  let pieceBytes = MOST_PIECE_BYTES;

  function isRoom(connection: Connection): boolean {
    const { client, held, heldBytes, isStopped } = connection;
    const factor = isStopped ? 0.5 : 1;
    if (client._parsingBatch >= limits.clientPackets * factor) return false;
    if (heldBytes >= limits.clientHeldBytes * factor || hasTooManyAnswers(connection)) return false;
    // Each has its turn: who has nothing waiting may always bring something.
    return !hold.isFull() || held === null || held.size === 0;
  }

  /** aedes counts a PUBACK as done with whether anybody reads it or not. */
  function hasTooManyAnswers(connection: Connection): boolean {
    const unreadBytes = connection.client.conn.writableLength;
    if (unreadBytes > 0) watchlist.add(connection);
    return unreadBytes > limits.answerBytes;
  }

  /** False as well until a client has been signed in: then aedes asks for more. */
  function mayRead(connection: Connection): boolean {
    const { client, isStopped } = connection;
    if (client.closed || client.conn.destroyed) return false;
    const isFree = !client._paused && isRoom(connection);
    if (isFree === isStopped) {
      connection.isStopped = !isFree;
      if (isFree) stopped.delete(connection);
      else {
        stopped.add(connection);
        watchlist.add(connection);
      }
    }
    return isFree;
  }

  function nextPiece({ client: { conn: socket }, pieceBytes: ownBytes }: Connection): Buffer | null {
    const most = Math.min(pieceBytes, ownBytes, hold.isFull() ? SMALL_PIECE_BYTES : MOST_PIECE_BYTES);
    return socket.readableLength > most ? socket.read(most) : socket.read();
  }

  function read(connection: Connection): void {
    // The parser hands out a packet before it has stepped over it: reading on from in there would hand it out again.
    if (connection.isReading || inTurn.has(connection) || !mayRead(connection)) return;
    const { client } = connection;
    const piece = nextPiece(connection);
    if (piece === null) return;
    connection.isReading = true;
    const startedAt = performance.now();
    const waitingBytes = client._parser.parse(piece);
    fitPiece(connection, performance.now() - startedAt);
    connection.isReading = false;
    partials.note(connection, waitingBytes, piece.length);
    // Also where nothing is left: a limit may have been reached, and only a look notes that.
    if (client.conn.readableLength > 0) readInTurn(connection);
    else mayRead(connection);
  }

  function fitPiece(connection: Connection, tookMs: number): void {
    const { pieceBytes: bytes } = connection;
    if (tookMs > DEAR_MS) connection.pieceBytes = Math.max(LEAST_DEAR_BYTES, bytes >> 1);
    else if (tookMs < CHEAP_MS && bytes < MOST_PIECE_BYTES) connection.pieceBytes = bytes << 1;
  }

  function readInTurn(connection: Connection): void {
    inTurn.add(connection);
    if (isTurnDue) return;
    isTurnDue = true;
    setImmediate(takeTurn);
  }

  function takeTurn(): void {
    const connections = [...inTurn];
    pieceBytes = Math.min(MOST_PIECE_BYTES, Math.max(LEAST_PIECE_BYTES, Math.floor(TURN_BYTES / connections.length)));
    const until = performance.now() + TURN_MS;
    for (const connection of connections) {
      inTurn.delete(connection);
      read(connection);
      if (performance.now() > until) break;
    }
    isTurnDue = inTurn.size > 0;
    if (isTurnDue) setImmediate(takeTurn);
  }

  return {
    start(connection) {
      const { client } = connection;
      const readMore = (): void => read(connection);
      client.conn.removeAllListeners('readable');
      client.conn.on('readable', readMore);
      client.conn.on('drain', readMore);
      client._parsingBatch = 0;
      client._nextBatch = (error) => {
        if (error) {
          if (!client.closed) client.emit('error', error);
          return;
        }
        if (client._parsingBatch > 0) client._parsingBatch--;
        if (connection.isStopped) read(connection);
      };
    },
    resume() {
      for (const connection of stopped) {
        if (hold.isFull()) break;
        read(connection);
      }
    },
    sweep(connection) {
      if (!connection.isStopped) return;
      keepAlive(connection);
      // What waited for answers to be read hears of that only when the last of them is.
      read(connection);
    },
    end: (connection) => {
      stopped.delete(connection);
      inTurn.delete(connection);
    },
  };
}

/** That it is not read is our doing: no silence is held against it, and a ping that may be on its way is answered. */
function keepAlive({ client }: Connection): void {
  if (client._keepaliveInterval <= 0) return;
  client._keepaliveTimer?.refresh();
  if (client._keepaliveInterval <= SHORT_KEEPALIVE_MS && client.conn.writableLength === 0) client.conn.write(PINGRESP);
}

/** The TCP connections of page and API: how many there may be, what one may cost that speaks HTTP no longer, and their end. */
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Log } from '../model/log.ts';
import { isLoopback, networkOf } from '../model/network.ts';
import { type Budget, createBudget } from './budget.ts';

export interface ConnectionLimits {
  /** Of all strangers together. Those from this machine are apart, and as many: nobody keeps its operator out. */
  readonly connections: number;
  /** Behind one address there may be a village; a browser takes up to seven. */
  readonly ofOneNetwork: number;
  /** What an upgraded connection says, bytes of any kind of frame: a page says some hundred, and 7 every 25 s. */
  readonly said: Budget;
  /** An upgraded connection that takes nothing of what it is to read is closed after this long. */
  readonly unreadMs: number;
  /** How often that is looked at. */
  readonly sweepMs: number;
  /** From the stop on, before those that are left are closed. */
  readonly graceMs: number;
}

export const CONNECTION_LIMITS: ConnectionLimits = {
  connections: 2_000,
  ofOneNetwork: 500,
  said: { atOnce: 32 * 1024, perS: 1024 },
  unreadMs: 60_000,
  sweepMs: 5_000,
  graceMs: 1_000,
};

export interface ConnectionOptions {
  readonly limits?: ConnectionLimits;
  readonly uptimeMs?: () => number;
  /** One line a kind and minute, with a count of the rest: what is closed is not closed in silence. */
  readonly log: Pick<Log, 'warn'>;
}

export interface Connections {
  /** Takes no more, and closes what is left after the grace. */
  stop(): void;
}

const LOCAL = 'this machine';

/** To be called when whoever upgrades listens already. `socketPath`: the one path of upgrades. */
export function watchConnections(
  server: Server,
  socketPath: string,
  { limits = CONNECTION_LIMITS, uptimeMs = () => performance.now(), log }: ConnectionOptions,
): Connections {
  const open = new Set<Socket>();
  const counts = new Map<string, number>();
  const upgraded = new Map<Socket, Unread>();
  let isStopping = false;

  const count = (of: string): number => counts.get(of) ?? 0;
  const add = (of: string, change: number): void => {
    const next = count(of) + change;
    if (next > 0) counts.set(of, next);
    else counts.delete(of);
  };

  const cut = (socket: Socket, why: string): void => {
    log.warn({ from: socket.remoteAddress }, `a connection to the page is ${why}`);
    socket.destroy();
  };

  server.on('connection', (socket) => {
    const address = socket.remoteAddress ?? '';
    const isLocal = isLoopback(address);
    const network = isLocal ? LOCAL : networkOf(address);
    const isFull = isLocal
      ? count(LOCAL) >= limits.connections
      : open.size - count(LOCAL) >= limits.connections || count(network) >= limits.ofOneNetwork;
    if (isStopping) return socket.destroy();
    if (isFull) return cut(socket, 'refused: there are too many');
    open.add(socket);
    add(network, 1);
    socket.once('close', () => {
      open.delete(socket);
      upgraded.delete(socket);
      add(network, -1);
    });
  });

  server.on('upgrade', ({ url = '' }: IncomingMessage, socket: Socket) => {
    socket.on('error', () => socket.destroy());
    // HTTP's own deadlines do not watch it any more: what has been answered is closed, whatever the other side does.
    socket.once('finish', () => socket.destroy());
    if (!url.startsWith(socketPath)) return void socket.end(NO_UPGRADE);
    upgraded.set(socket, { writtenBytes: 0, sendingBytes: 0, sinceMs: uptimeMs() });
    const spend = createBudget(limits.said, uptimeMs);
    socket.on('data', ({ length }) => spend(length) || cut(socket, 'closed: it says more than a page has to say'));
  });

  const sweeping = setInterval(() => {
    for (const [socket, unread] of upgraded) {
      if (stuckMs(socket, unread, uptimeMs()) >= limits.unreadMs) cut(socket, 'closed: it reads nothing');
    }
  }, limits.sweepMs);
  sweeping.unref();

  return {
    stop() {
      isStopping = true;
      clearInterval(sweeping);
      setTimeout(() => {
        for (const socket of open) socket.destroy();
      }, limits.graceMs).unref();
    },
  };
}

const NO_UPGRADE = 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';

/** How far a connection has read, and since when it has not come further. */
interface Unread {
  writtenBytes: number;
  sendingBytes: number;
  sinceMs: number;
}

/** For how long it has taken nothing of what waits for it, ms. */
function stuckMs(socket: Socket, unread: Unread, nowMs: number): number {
  const writtenBytes = socket.bytesWritten - socket.writableLength;
  const sendingBytes = bytesWithKernel(socket);
  const isStill = writtenBytes === unread.writtenBytes && sendingBytes === unread.sendingBytes;
  if (socket.writableLength === 0 || !isStill) Object.assign(unread, { writtenBytes, sendingBytes, sinceMs: nowMs });
  return nowMs - unread.sinceMs;
}

/** A write that is only half done shows nowhere else; without it a slow line would look like a dead one. */
function bytesWithKernel(socket: Socket): number {
  const { _handle: handle } = socket as unknown as { _handle: { writeQueueSize: number } | null };
  return handle?.writeQueueSize ?? 0;
}

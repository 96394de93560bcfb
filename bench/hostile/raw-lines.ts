/** TCP connections that say what no well-behaved client says: bytes as they are, and read only where it is wanted. */
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Target } from './attack.ts';

export interface RawLine {
  readonly socket: Socket;
  /** The other side has ended it. */
  isClosed(): boolean;
  /** Resolves once it is written, closed or nobody has taken it for a second. */
  say(bytes: string | Buffer): Promise<void>;
}

export interface RawLines {
  /** `reads`: what comes is read and thrown away; else nothing is taken. */
  open(options?: { reads?: boolean }): RawLine;
  closedCount(): number;
  /** Until the server has closed all, or so long. */
  whenClosed(withinMs: number): Promise<void>;
  end(): void;
}

export function createRawLines({ host, httpPort }: Target, signal: AbortSignal): RawLines {
  const lines: RawLine[] = [];

  function open({ reads = true } = {}): RawLine {
    let isClosed = false;
    // Half of it stays open however the server ends its own half: so does who wants to hold a connection.
    const socket = connect({ host, port: httpPort, allowHalfOpen: true });
    const close = (): void => {
      isClosed = true;
    };
    socket.on('error', close).on('close', close).on('end', close);
    if (reads) socket.resume();
    const line: RawLine = {
      socket,
      isClosed: () => isClosed,
      async say(bytes) {
        if (isClosed || signal.aborted) return;
        const written = new Promise<void>((resolve) => socket.write(bytes, () => resolve()));
        await Promise.race([written, delay(1_000)]);
      },
    };
    lines.push(line);
    return line;
  }

  const closedCount = (): number => lines.filter((line) => line.isClosed()).length;

  return {
    open,
    closedCount,
    async whenClosed(withinMs) {
      const untilMs = performance.now() + withinMs;
      while (!signal.aborted && closedCount() < lines.length && performance.now() < untilMs) await delay(50);
    },
    end() {
      for (const { socket } of lines) socket.destroy();
    },
  };
}

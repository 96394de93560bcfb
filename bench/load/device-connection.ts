/** One connection of the load: a raw socket that publishes on behalf of its devices and counts its acknowledgements. */
import { connect, type Socket } from 'node:net';
import type { LoadOptions } from './load-options.ts';
import type { MessageWriter } from './message-writer.ts';
import { CONNACK, connectPacket, createPacketReader, PUBACK } from './mqtt-packet.ts';

export interface ConnectionHooks {
  onReady(): void;
  onSent(): void;
  onAcknowledged(n: number, tookMs: number): void;
  onUnexpected(): void;
  /** It may send again, perhaps. */
  onRoom(connection: DeviceConnection): void;
  /** A connection that never got a CONNACK was never ready. */
  onClosed(wasReady: boolean): void;
}

export interface DeviceConnection {
  /** Sends the next message; false where it may not now. */
  send(): boolean;
  unanswered(): number;
}

const HOST = '127.0.0.1';
const RETURN_AFTER_MS = 500;
/** Of QoS 0 nothing but this holds a sender back. */
const MAX_BUFFERED_BYTES = 65_536;
/** Every socket's bytes are looked at before the next piece is read, so one buffer serves all. */
const readBuffer = Buffer.alloc(65_536);

export function openConnection(
  index: number,
  { options, writer, hooks }: { options: LoadOptions; writer: MessageWriter; hooks: ConnectionHooks },
): DeviceConnection {
  const { port, plan, qos, window, isReturning } = options;
  const end = options.messages ?? Number.POSITIVE_INFINITY;
  const flight = createFlight(qos === 1 ? window : 0);
  const again: number[] = [];
  let turn = 0;
  let isReady = false;
  let socket: Socket;

  function open(): Socket {
    const onRoom = (): void => hooks.onRoom(connection);
    const opened = openSocket(port, createPacketReader(hear), onRoom);
    opened.on('close', lose);
    opened.write(connectPacket(`load-${process.pid}-${index}`));
    return opened;
  }

  function hear(firstByte: number, bytes: Uint8Array, start: number): void {
    const type = firstByte >> 4;
    if (type === PUBACK) acknowledge(((bytes[start] ?? 0) << 8) | (bytes[start + 1] ?? 0));
    else if (type === CONNACK) {
      isReady = true;
      hooks.onReady();
    }
  }

  function acknowledge(messageId: number): void {
    const sentAt = flight.sentAtMs(messageId);
    const n = flight.land(messageId);
    if (n < 0) hooks.onUnexpected();
    else hooks.onAcknowledged(n, performance.now() - sentAt);
  }

  function lose(): void {
    const wasReady = isReady;
    isReady = false;
    again.push(...flight.landAll());
    hooks.onClosed(wasReady);
    if (!isReturning) return;
    setTimeout(() => {
      socket = open();
    }, RETURN_AFTER_MS);
  }

  function maySend(): boolean {
    if (!isReady || window === 0) return false;
    if (again.length === 0 && plan.connections * turn + index >= end) return false;
    return qos === 1 ? flight.isFree() : socket.writableLength < MAX_BUFFERED_BYTES;
  }

  const connection: DeviceConnection = {
    send() {
      if (!maySend()) return false;
      const n = again.pop() ?? plan.connections * turn++ + index;
      const messageId = qos === 1 ? flight.take(n) : 0;
      socket.write(writer.write(n, messageId));
      if (socket.writableLength > 0) writer.keepLast();
      hooks.onSent();
      return true;
    },
    unanswered: () => flight.count() + again.length,
  };
  socket = open();
  return connection;
}

/** `onRoom`: after each piece read, which may hold answers, and when what was written has left. */
function openSocket(port: number, read: (piece: Uint8Array) => void, onRoom: () => void): Socket {
  const onread = {
    buffer: readBuffer,
    callback: (bytes: number, buffer: Uint8Array) => {
      read(buffer.subarray(0, bytes));
      onRoom();
      return true;
    },
  };
  const socket = connect({ port, host: HOST, noDelay: true, onread });
  // What went wrong is told by `close`, too.
  socket.on('error', () => undefined);
  socket.on('drain', onRoom);
  return socket;
}

/** Messages on their way, by message id: 1 to `size`, each used again once it is free. */
function createFlight(size: number) {
  const free = Array.from({ length: size }, (_, i) => size - i);
  const numbers = new Float64Array(size + 1).fill(-1);
  const sentAt = new Float64Array(size + 1);

  function land(messageId: number): number {
    const n = numbers[messageId] ?? -1;
    if (n < 0) return -1;
    numbers[messageId] = -1;
    free.push(messageId);
    return n;
  }

  return {
    isFree: () => free.length > 0,
    count: () => size - free.length,
    sentAtMs: (messageId: number) => sentAt[messageId] ?? 0,
    take(n: number): number {
      const messageId = free.pop() ?? 0;
      numbers[messageId] = n;
      sentAt[messageId] = performance.now();
      return messageId;
    },
    /** The number of the message; -1 where none is on its way under that id. */
    land,
    landAll: (): number[] => Array.from(numbers.keys(), land).filter((n) => n >= 0),
  };
}

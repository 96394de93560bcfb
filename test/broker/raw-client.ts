/** An MQTT client on a bare socket: it can do what no library would, such as not reading, or sending a flood. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

interface Packet {
  readonly type: number;
  readonly flags: number;
  readonly body: Buffer;
}

const CONNACK = 2;
export const PUBLISH = 3;
export const PUBACK = 4;
const SUBACK = 9;
export const PINGRESP = 13;
export const DISCONNECT = Buffer.from([0xe0, 0]);
export const PINGREQ = Buffer.from([0xc0, 0]);

export interface RawClient {
  readonly socket: Socket;
  /** All that came, in order. */
  readonly packets: readonly Packet[];
  count(type: number): number;
  /** Resolves when the other side has hung up. */
  readonly closed: Promise<unknown>;
}

export interface ConnectOptions {
  readonly id: string;
  readonly isClean?: boolean;
  readonly keepaliveS?: number;
}

export async function rawClient(port: number, options: ConnectOptions): Promise<RawClient> {
  const client = rawSocket(port);
  client.socket.write(connectPacket(options));
  while (client.count(CONNACK) === 0) await once(client.socket, 'data');
  return client;
}

/** Says nothing by itself. */
export function rawSocket(port: number): RawClient {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const packets: Packet[] = [];
  let rest: Buffer = Buffer.alloc(0);
  socket.on('error', () => undefined);
  socket.on('data', (piece: Buffer) => {
    rest = takePackets(Buffer.concat([rest, piece]), packets);
  });
  const closed = new Promise((resolve) => socket.once('close', resolve));
  return { socket, packets, closed, count: (type) => packets.filter((packet) => packet.type === type).length };
}

export function connectPacket({ id, isClean = true, keepaliveS = 0 }: ConnectOptions): Buffer {
  const header = Buffer.from([0, 4, 0x4d, 0x51, 0x54, 0x54, 4, isClean ? 2 : 0, keepaliveS >> 8, keepaliveS & 0xff]);
  return toPacket(0x10, [header, text(id)]);
}

/** QoS 0 without a message id, QoS 1 with one. */
export function publishPacket(topic: string, payload: string | Buffer, messageId?: number): Buffer {
  const body = Buffer.from(payload);
  if (messageId === undefined) return toPacket(0x30, [text(topic), body]);
  return toPacket(0x32, [text(topic), word(messageId), body]);
}

function subscribePacket(filters: readonly string[], qos: 0 | 1 = 0): Buffer {
  return toPacket(0x82, [word(1), ...filters.flatMap((filter) => [text(filter), Buffer.from([qos])])]);
}

export async function subscribe(client: RawClient, filters: readonly string[], qos: 0 | 1 = 0): Promise<Buffer> {
  client.socket.write(subscribePacket(filters, qos));
  while (client.count(SUBACK) === 0) await once(client.socket, 'data');
  return client.packets.find(({ type }) => type === SUBACK)?.body.subarray(2) ?? Buffer.alloc(0);
}

function takePackets(bytes: Buffer, packets: Packet[]): Buffer {
  let at = 0;
  for (;;) {
    const header = readHeader(bytes, at);
    if (header === null || bytes.length < header.end) return bytes.subarray(at);
    const first = bytes[at] ?? 0;
    packets.push({ type: first >> 4, flags: first & 0xf, body: bytes.subarray(header.start, header.end) });
    at = header.end;
  }
}

function readHeader(bytes: Buffer, at: number): { start: number; end: number } | null {
  let length = 0;
  for (let i = 0; i < 4; i++) {
    const byte = bytes[at + 1 + i];
    if (byte === undefined) return null;
    length += (byte & 0x7f) << (7 * i);
    if (byte < 0x80) return { start: at + 2 + i, end: at + 2 + i + length };
  }
  throw new Error('no remaining length in four bytes');
}

function toPacket(first: number, parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const length: number[] = [];
  let left = body.length;
  do {
    length.push((left % 128) | (left > 127 ? 0x80 : 0));
    left = Math.floor(left / 128);
  } while (left > 0);
  return Buffer.concat([Buffer.from([first, ...length]), body]);
}

function text(value: string): Buffer {
  return Buffer.concat([word(Buffer.byteLength(value)), Buffer.from(value)]);
}

function word(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}

/** As much of MQTT 3.1.1 as a load generator says and hears: no library, so that it is not what is measured. */

export const CONNECT = 1;
export const CONNACK = 2;
export const PUBLISH = 3;
export const PUBACK = 4;
export const SUBACK = 9;

/** Clean session; a keepalive of 0 asks the broker for no pings. */
export function connectPacket(clientId: string): Buffer {
  const header = Buffer.from([0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 2, 0, 0]);
  return packet(CONNECT << 4, [header, textOf(clientId)]);
}

/** With QoS 1 the message id is 0, to be written in at `messageIdAt`. */
export function publishPacket(topic: string, payload: Uint8Array, qos: 0 | 1): Buffer {
  const id = qos === 1 ? [Buffer.alloc(2)] : [];
  return packet((PUBLISH << 4) | (qos << 1), [textOf(topic), ...id, payload]);
}

/** Where the message id stands, from the end: right before the payload. */
export function messageIdAt(publish: Buffer, payloadBytes: number): number {
  return publish.length - payloadBytes - 2;
}

/** QoS 0, message id 1. */
export function subscribePacket(filter: string): Buffer {
  return packet(0x82, [Buffer.from([0, 1]), textOf(filter), Buffer.from([0])]);
}

/** With its length before it [MQTT-1.5.3]. */
export function textOf(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
}

/** Any packet: its first byte, and what follows its length. */
export function packet(firstByte: number, parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([firstByte, ...lengthBytes(body.length)]), body]);
}

/** Seven bits a byte, the low ones first. */
function lengthBytes(length: number): number[] {
  return length < 128 ? [length] : [(length % 128) | 0x80, ...lengthBytes(Math.floor(length / 128))];
}

/** `bytes` from `start` to `end` is the packet's body; it is valid during the call only. */
export type OnPacket = (firstByte: number, bytes: Uint8Array, start: number, end: number) => void;

/** Cuts a stream into packets, wherever its pieces begin and end. Returns what to feed. */
export function createPacketReader(onPacket: OnPacket): (piece: Uint8Array) => void {
  let rest: Uint8Array = EMPTY;
  return (piece) => {
    const bytes = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    const read = readPackets(bytes, onPacket);
    // A copy: the piece is the reader's for the time of the call only.
    rest = read === bytes.length ? EMPTY : Buffer.from(bytes.subarray(read));
  };
}

const EMPTY = new Uint8Array(0);

/** Where the first packet begins that is not whole. */
function readPackets(bytes: Uint8Array, onPacket: OnPacket): number {
  let at = 0;
  for (;;) {
    let length = 0;
    let next = at + 1;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[next++];
      if (byte === undefined) return at;
      length += (byte & 0x7f) << shift;
      if (byte < 128) break;
    }
    if (next + length > bytes.length) return at;
    onPacket(bytes[at] ?? 0, bytes, next, next + length);
    at = next + length;
  }
}

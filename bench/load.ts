/**
 * Load generator, in a process of its own: devices on raw sockets, so that it is not the limit. One reading a message.
 * Arguments: MQTT port, connections, messages a second, unacknowledged at most a connection, first ts, file for the ts of
 * every acknowledged reading (one float64 each). Ends, and writes the file, when the server is gone.
 */
import { writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { loadValue } from './load-value.ts';

const TOPIC = Buffer.from('aimak/v1/my-village/tank-1-level/telemetry');
const TICK_MS = 5;

const [port = 0, connections = 1, rate = 1, maxUnacknowledged = 1, firstTs = 0] = process.argv.slice(2, 7).map(Number);
const ackFile = process.argv[7] ?? '';
const acknowledged: number[] = [];
let nextTs = firstTs;
let open = connections;

function startDevice(index: number): void {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  /** By message id. */
  const onTheirWay = new Map<number, number>();
  let messageId = 0;
  let owed = 0;
  let isReady = false;
  const ticking = setInterval(() => {
    owed = Math.min(owed + (rate / connections) * (TICK_MS / 1000), maxUnacknowledged);
    while (isReady && owed >= 1 && onTheirWay.size < maxUnacknowledged) {
      owed--;
      messageId = (messageId % 65_535) + 1;
      onTheirWay.set(messageId, nextTs);
      socket.write(publishPacket(messageId, nextTs++));
    }
  }, TICK_MS);

  socket.on('error', () => undefined);
  socket.on('close', () => {
    clearInterval(ticking);
    open--;
    if (open === 0) writeFileSync(ackFile, Buffer.from(Float64Array.from(acknowledged).buffer));
  });
  eachAnswer(socket, (type, id) => {
    if (type === CONNACK) isReady = true;
    const ts = onTheirWay.get(id);
    if (type !== PUBACK || ts === undefined) return;
    onTheirWay.delete(id);
    acknowledged.push(ts);
  });
  socket.write(connectPacket(`load-${process.pid}-${index}`));
}

const CONNACK = 0x20;
const PUBACK = 0x40;

/** CONNACK and PUBACK are four bytes each, and a QoS 1 publisher gets nothing else. */
function eachAnswer(socket: Socket, tell: (type: number, id: number) => void): void {
  let rest = Buffer.alloc(0);
  socket.on('data', (piece: Buffer) => {
    const bytes = Buffer.concat([rest, piece]);
    const whole = bytes.length - (bytes.length % 4);
    for (let at = 0; at < whole; at += 4) tell(bytes.readUInt8(at), bytes.readUInt16BE(at + 2));
    rest = bytes.subarray(whole);
  });
}

/** MQTT 3.1.1, clean session, keepalive 60 s. */
function connectPacket(clientId: string): Buffer {
  const header = Buffer.from([0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 2, 0, 60]);
  return packet(0x10, [header, lengthOf(clientId), Buffer.from(clientId)]);
}

function publishPacket(messageId: number, ts: number): Buffer {
  const payload = Buffer.from(`{"ts":${ts},"values":{"level":${loadValue(ts)}}}`);
  const id = Buffer.from([messageId >> 8, messageId & 0xff]);
  return packet(0x32, [lengthOf(TOPIC.toString()), TOPIC, id, payload]);
}

function lengthOf(text: string): Buffer {
  const length = Buffer.byteLength(text);
  return Buffer.from([length >> 8, length & 0xff]);
}

function packet(type: number, parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  // Two bytes of remaining length are enough for 16 KiB.
  const length = body.length < 128 ? [body.length] : [(body.length % 128) | 0x80, body.length >> 7];
  return Buffer.concat([Buffer.from([type, ...length]), body]);
}

for (let index = 0; index < connections; index++) startDevice(index);

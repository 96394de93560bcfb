/** A device as it should be: one message of QoS 1 at a time, kept and sent again until it is acknowledged. */
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { telemetryTopic } from '../../model/topic.ts';
import { CONNACK, connectPacket, createPacketReader, messageIdAt, PUBACK, publishPacket } from '../load/mqtt-packet.ts';
import { onWord, readOptions, tellParent } from './parent.ts';

const EVERY_MS = 200;
const AGAIN_MS = 100;
const ID = 7;

interface Options {
  readonly port: number;
  readonly site: string;
  readonly device: string;
}

let { port, site, device } = await readOptions<Options>();
let socket = null as Socket | null;
let isReady = false;
let waiting: { readonly bytes: Buffer; readonly sinceMs: number } | null = null;
let longestMs = 0;
let acknowledged = 0;

function open(): void {
  const mine = connect({ port, host: '127.0.0.1', noDelay: true });
  socket = mine;
  const read = createPacketReader((firstByte) => {
    const type = firstByte >> 4;
    if (type === CONNACK) {
      isReady = true;
      if (waiting) mine.write(waiting.bytes);
    } else if (type === PUBACK && waiting) {
      longestMs = Math.max(longestMs, performance.now() - waiting.sinceMs);
      acknowledged++;
      waiting = null;
    }
  });
  mine.on('data', (piece) => read(piece as Buffer));
  mine.on('error', () => undefined);
  mine.on('close', () => {
    if (socket !== mine) return;
    isReady = false;
    setTimeout(open, AGAIN_MS);
  });
  mine.write(connectPacket(`${device}-steady`));
}

function message(): Buffer {
  const payload = Buffer.from(JSON.stringify({ ts: Date.now(), values: { level: 2 + Math.random() } }));
  const bytes = publishPacket(telemetryTopic(site, device), payload, 1);
  bytes.writeUInt16BE(ID, messageIdAt(bytes, payload.length));
  return bytes;
}

/** `longest`: tells the longest time since it was last asked, what still waits included. `port N`: the server is there now. */
onWord((word) => {
  if (word.startsWith('port ')) {
    port = Number(word.slice('port '.length));
    return;
  }
  const openMs = waiting ? performance.now() - waiting.sinceMs : 0;
  void tellParent('longest', { longestMs: Math.max(longestMs, openMs), acknowledged });
  longestMs = 0;
  acknowledged = 0;
});

open();
for (;;) {
  await delay(EVERY_MS);
  if (waiting) continue;
  waiting = { bytes: message(), sinceMs: performance.now() };
  if (isReady) socket?.write(waiting.bytes);
}

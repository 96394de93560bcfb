/** What a hostile client says over MQTT: on a bare socket, since no library would say it. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { packet, textOf } from '../load/mqtt-packet.ts';
import type { Target } from './attack.ts';

interface Will {
  readonly topic: string;
  readonly payload: Uint8Array;
}

export interface Introduction {
  readonly id: string;
  readonly isClean?: boolean;
  readonly will?: Will;
}

export interface RawMqtt {
  isOpen(): boolean;
  /** Resolves once the kernel has taken it, the other side has hung up, or it is no use waiting. */
  send(bytes: Uint8Array): Promise<void>;
  /** Bytes that came. */
  received(): number;
  /** Reads nothing more. */
  deafen(): void;
  /** Gone without a word. */
  vanish(): void;
}

const NO_USE_MS = 3_000;

/** Does not wait for anything: what a server has not accepted it does not read either. */
export function openRaw({ host, mqttPort }: Target, introduction?: Introduction): RawMqtt {
  const socket = connect({ host, port: mqttPort, noDelay: true });
  let received = 0;
  socket.on('error', () => undefined);
  socket.on('data', (piece) => {
    received += piece.length;
  });
  if (introduction) socket.write(hello(introduction));
  return {
    isOpen: () => !socket.destroyed,
    send: (bytes) => send(socket, bytes),
    received: () => received,
    deafen: () => socket.pause(),
    vanish: () => socket.destroy(),
  };
}

async function send(socket: Socket, bytes: Uint8Array): Promise<void> {
  if (socket.destroyed || socket.write(bytes)) return;
  const waiting = new AbortController();
  const end = { signal: waiting.signal };
  await Promise.race([
    once(socket, 'drain', end).catch(() => undefined),
    once(socket, 'close', end).catch(() => undefined),
    delay(NO_USE_MS, undefined, end).catch(() => undefined),
  ]);
  waiting.abort();
}

function hello({ id, isClean = true, will }: Introduction): Buffer {
  const flags = (isClean ? 2 : 0) | (will ? 4 : 0);
  const header = Buffer.from([0, 4, 0x4d, 0x51, 0x54, 0x54, 4, flags, 0, 0]);
  return packet(0x10, [header, textOf(id), ...(will ? [textOf(will.topic), withLength(will.payload)] : [])]);
}

export function subscribeTo(filters: readonly string[], qos: 0 | 1 = 1): Buffer {
  return packet(0x82, [Buffer.from([0, 1]), ...filters.flatMap((filter) => [textOf(filter), Buffer.from([qos])])]);
}

export interface Message {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos?: 0 | 1 | 2;
  readonly isRetained?: boolean;
  /** Where the QoS is above 0. */
  readonly id?: number;
}

export function publish({ topic, payload, qos = 0, isRetained = false, id = 1 }: Message): Buffer {
  const number = qos > 0 ? [Buffer.from([id >> 8, id & 0xff])] : [];
  return packet(0x30 | (qos << 1) | Number(isRetained), [textOf(topic), ...number, payload]);
}

/** The beginning of a packet that claims to be so long. */
export function beginning(firstByte: number, claimedBytes: number, bytes: number): Buffer {
  return packet(firstByte, [Buffer.alloc(claimedBytes)]).subarray(0, bytes);
}

/** Does it again and again in so many lines side by side, for so long. Returns how often it was done. */
export async function again(
  work: (line: number, round: number) => Promise<void>,
  { lines, ms, signal }: { lines: number; ms: number; signal: AbortSignal },
): Promise<number> {
  const until = Date.now() + ms;
  let done = 0;
  const run = async (line: number): Promise<void> => {
    for (let round = 0; !signal.aborted && Date.now() < until; round++) {
      await work(line, round);
      done++;
    }
  };
  await Promise.all(Array.from({ length: lines }, (_, line) => run(line)));
  return done;
}

/** Waits, unless it is to end. */
export async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}

function withLength(bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
}

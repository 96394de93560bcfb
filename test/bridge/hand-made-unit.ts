/** Units whose bytes are written by hand, behind a listener on loopback or on a serial line: they may answer as they like. */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import type { ModbusBus, ReadRequest } from '../../firmware-bridge/bus/modbus-bus.ts';
import { openBus } from '../../firmware-bridge/bus/open-bus.ts';
import { openSerialPort } from '../../link/serial-port.ts';
import type { BusLine } from '../../model/bridge-file.ts';
import {
  exceptionAnswer,
  fromRtuFrame,
  parseReadRequest,
  READ_FUNCTION,
  readAnswer,
  toRtuFrame,
} from '../../model/modbus-frame.ts';
import type { Span } from '../../model/register-map.ts';
import { eventually } from '../harness/process.ts';
import { startPtyPair } from '../harness/pty.ts';
import { silentLog } from '../harness/readings.ts';
import { temporaryFolder } from '../harness/server.ts';

export interface Asked extends Span {
  readonly unit: number;
  /** Of Modbus TCP. */
  readonly transaction: number;
}

/** What the unit says is written in one piece. */
export type Answering = (asked: Asked, reply: (...bytes: readonly (Uint8Array | readonly number[])[]) => void) => void;

/** A register holds its own address, unless told otherwise. */
export function rightAnswer({ unit, table, address, count }: Asked, cellAt = (at: number) => at): Uint8Array {
  return toRtuFrame(
    unit,
    readAnswer(
      table,
      Array.from({ length: count }, (_, i) => cellAt(address + i)),
    ),
  );
}

export function refusal({ unit, table }: Asked, exception = 2): Uint8Array {
  return toRtuFrame(unit, exceptionAnswer(READ_FUNCTION[table], exception));
}

/** An RTU frame in the envelope of Modbus TCP. */
export function toTcp(frame: Uint8Array, transaction: number): Uint8Array {
  const adu = Buffer.concat([new Uint8Array(6), frame.subarray(0, -2)]);
  adu.writeUInt16BE(transaction, 0);
  adu.writeUInt16BE(adu.length - 6, 4);
  return adu;
}

export function startUnit(kind: BusLine['kind'], answering: Answering): Promise<BusLine> {
  return kind === 'rtu' ? startOnSerialLine(answering) : startBehindSocket(kind, answering);
}

async function startOnSerialLine(answering: Answering): Promise<BusLine> {
  const pair = await startPtyPair(temporaryFolder());
  const [path, end] = pair.ends;
  let heard = Buffer.alloc(0);
  const port = await openSerialPort(
    { path: end, baud: 115_200 },
    {
      bytes(bytes) {
        heard = Buffer.concat([heard, bytes]);
        for (; heard.length >= REQUEST_BYTES; heard = heard.subarray(REQUEST_BYTES)) {
          const asked = parseRtu(heard.subarray(0, REQUEST_BYTES));
          answering(asked, (...parts) => port.write(Buffer.concat(parts.map((part) => Uint8Array.from(part)))));
        }
      },
      ended: () => undefined,
    },
  );
  onTestFinished(async () => {
    await port.close();
    await pair.stop();
  });
  return { kind: 'rtu', path, baud: 115_200, parity: 'none', stopBits: 1 };
}

const REQUEST_BYTES = 8;

async function startBehindSocket(kind: 'tcp' | 'rtuOverTcp', answering: Answering): Promise<BusLine> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => {
      const asked = kind === 'tcp' ? parseTcp(bytes) : parseRtu(bytes);
      answering(asked, (...parts) => void socket.write(Buffer.concat(parts.map((part) => Uint8Array.from(part)))));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as { port: number };
  return kind === 'tcp' ? { kind, host: '127.0.0.1', port } : { kind, host: '127.0.0.1', port, baud: 115_200 };
}

function parseRtu(bytes: Uint8Array): Asked {
  const frame = fromRtuFrame(bytes);
  const span = frame && parseReadRequest(frame.pdu);
  if (!frame || !span) throw new Error(`not one request: ${Buffer.from(bytes).toString('hex')}`);
  return { ...span, unit: frame.unit, transaction: 0 };
}

function parseTcp(bytes: Buffer): Asked {
  const span = parseReadRequest(bytes.subarray(7));
  if (!span || bytes.length !== 12) throw new Error(`not one request: ${bytes.toString('hex')}`);
  return { ...span, unit: bytes[6] ?? 0, transaction: bytes.readUInt16BE(0) };
}

export async function openedBus(line: BusLine): Promise<ModbusBus> {
  const bus = openBus(line, silentLog);
  onTestFinished(() => bus.stop());
  await eventually(
    () => bus.state().isOpen,
    (isOpen) => isOpen,
  );
  return bus;
}

export function holding(address: number, count: number, more: Partial<ReadRequest> = {}): ReadRequest {
  return { unit: 1, table: 'holding', address, count, timeoutMs: 300, frameGapMs: 0, ...more };
}

export function addresses({ address, count }: Span): number[] {
  return Array.from({ length: count }, (_, i) => address + i);
}

/** What a unit does wrong on the wire: the answer it would give, spoiled as the faults that act on it say. */
import { exceptionAnswer, toRtuFrame } from '../../model/modbus-frame.ts';
import type { Faults } from '../faults.ts';
import type { ModbusRequest } from './request-frames.ts';

export interface Reply {
  readonly bytes: Uint8Array;
  readonly lateMs: number;
}

export interface Trouble {
  readonly faults: Pick<Faults, 'acting'>;
  readonly devices: readonly string[];
  readonly nowMs: number;
}

/** Null: it stays silent. A fault of any device befalls the unit that serves it. */
export function toReply(request: ModbusRequest, answer: Uint8Array, trouble: Trouble): Reply | null {
  if (acting(trouble, 'modbus-silent')) return null;
  const exception = acting(trouble, 'modbus-exception');
  const pdu = exception ? exceptionAnswer(request.pdu[0] ?? 0, exception.sizes.code ?? 4) : answer;
  const unit = acting(trouble, 'modbus-wrong-unit') ? (request.unit % 247) + 1 : request.unit;
  const frame = request.header ? toTcpFrame(request.header, unit, pdu) : toRtuFrame(unit, pdu);
  // A flipped bit in the data; over TCP, which needs no checksum, in the number that the answer repeats.
  if (acting(trouble, 'modbus-bad-crc')) flipBit(frame, request.header ? 1 : frame.length - 3);
  const sent = acting(trouble, 'modbus-short') ? frame.subarray(0, -3) : frame;
  return {
    bytes: acting(trouble, 'modbus-garbage') ? Uint8Array.of(...GARBAGE, ...sent) : sent,
    lateMs: acting(trouble, 'modbus-late')?.sizes.byMs ?? 0,
  };
}

function flipBit(bytes: Uint8Array, at: number): void {
  bytes[at] = (bytes[at] ?? 0) ^ 0x10;
}

/** Line noise, as when a neighbour's motor starts. */
const GARBAGE = [0x00, 0xff, 0x55, 0xfe, 0x00];

function toTcpFrame(header: Uint8Array, unit: number, pdu: Uint8Array): Uint8Array {
  const length = pdu.length + 1;
  return Uint8Array.of(...header, length >> 8, length & 0xff, unit, ...pdu);
}

function acting({ faults, devices, nowMs }: Trouble, kind: string) {
  for (const device of devices) {
    const fault = faults.acting(kind, device, nowMs);
    if (fault) return fault;
  }
  return undefined;
}

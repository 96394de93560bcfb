/** How frames are found in what a serial line delivers, where silence between them is not to be seen. */
import { fromRtuFrame, READ_FUNCTION } from '../../model/modbus-frame.ts';
import { answerLength, dataBytes } from './answer.ts';
import type { ReadFailure, ReadRequest } from './modbus-bus.ts';

export interface FoundFrame {
  readonly unit: number;
  readonly pdu: Uint8Array;
  readonly start: number;
  /** Where the next one may begin. */
  readonly end: number;
}

/** Around an answer: the unit before it, the checksum behind. */
const ENVELOPE_BYTES = 3;
const SHORTEST = 5;

/** The first whole frame with a right checksum, whatever lies before it; null where there is none. */
export function findFrame(bytes: Uint8Array): FoundFrame | null {
  for (let start = 0; start + SHORTEST <= bytes.length; start++) {
    const length = answerLength(bytes[start + 1] ?? 0, bytes[start + 2] ?? 0);
    const end = start + ENVELOPE_BYTES + (length ?? 0);
    if (length === null || end > bytes.length) continue;
    const frame = fromRtuFrame(bytes.subarray(start, end));
    if (frame) return { ...frame, start, end };
  }
  return null;
}

/** Where the answer seems to begin: its data may look like a frame of its own. Infinity where it does not yet. */
export function answerBegin(bytes: Uint8Array, request: ReadRequest): number {
  const [unit, code, count] = [request.unit, READ_FUNCTION[request.table], dataBytes(request)];
  const at = bytes.findIndex((byte, i) => byte === unit && bytes[i + 1] === code && bytes[i + 2] === count);
  return at < 0 ? Number.POSITIVE_INFINITY : at;
}

export function answerBytes(request: ReadRequest): number {
  return ENVELOPE_BYTES + 2 + dataBytes(request);
}

/** Why nothing in these bytes is the answer that was waited for. */
export function blame(bytes: Uint8Array, request: ReadRequest): ReadFailure {
  if (bytes.length === 0) return 'timeout';
  return bytes.length < answerBytes(request) ? 'short' : 'crc';
}

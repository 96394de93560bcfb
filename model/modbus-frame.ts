/** Modbus messages as bytes: what a request asks, what an answer says, and the RTU checksum. */
import type { RegisterTable, Span } from './register-map.ts';

export const READ_FUNCTION: Readonly<Record<RegisterTable, number>> = { coil: 1, discrete: 2, holding: 3, input: 4 };
const WRITE_COIL = 5;
const WRITE_REGISTER = 6;
/** Set in the function code of an answer that is an exception. */
export const EXCEPTION_FLAG = 0x80;

const TABLE_OF = new Map(Object.entries(READ_FUNCTION).map(([table, code]) => [code, table as RegisterTable]));

/** The table that a function reads; undefined where it does not read. */
export function tableOf(functionCode: number): RegisterTable | undefined {
  return TABLE_OF.get(functionCode);
}

export function isBits(table: RegisterTable): boolean {
  return table === 'coil' || table === 'discrete';
}

export function readRequest({ table, address, count }: Span): Uint8Array {
  return Uint8Array.of(READ_FUNCTION[table], address >> 8, address & 0xff, count >> 8, count & 0xff);
}

/** What a read asks for; null where it is no well-formed read. */
export function parseReadRequest(pdu: Uint8Array): Span | null {
  const table = tableOf(pdu[0] ?? 0);
  if (!table || pdu.length !== 5) return null;
  return { table, address: word(pdu, 1), count: word(pdu, 3) };
}

/** Cells are words, or bits as 0 and 1. */
export function readAnswer(table: RegisterTable, cells: ArrayLike<number>): Uint8Array {
  const bytes = isBits(table) ? Math.ceil(cells.length / 8) : 2 * cells.length;
  const pdu = new Uint8Array(2 + bytes);
  pdu[0] = READ_FUNCTION[table];
  pdu[1] = bytes;
  for (let i = 0; i < cells.length; i++) {
    const cell = cells[i] ?? 0;
    if (isBits(table)) pdu[2 + (i >> 3)] = (pdu[2 + (i >> 3)] ?? 0) | ((cell & 1) << (i & 7));
    else pdu.set([cell >> 8, cell & 0xff], 2 + 2 * i);
  }
  return pdu;
}

/** The cells of an answer to a read; null where it is not an answer to that one. */
export function parseReadAnswer(pdu: Uint8Array, { table, count }: Span): number[] | null {
  const bytes = isBits(table) ? Math.ceil(count / 8) : 2 * count;
  if (pdu[0] !== READ_FUNCTION[table] || pdu[1] !== bytes || pdu.length !== 2 + bytes) return null;
  return Array.from({ length: count }, (_, i) =>
    isBits(table) ? ((pdu[2 + (i >> 3)] ?? 0) >> (i & 7)) & 1 : word(pdu, 2 + 2 * i),
  );
}

/** A coil by function 5, a register by 6; the cell as it is sent: 0xFF00 switches a coil on. */
export function writeRequest(table: 'coil' | 'holding', address: number, cell: number): Uint8Array {
  const code = table === 'coil' ? WRITE_COIL : WRITE_REGISTER;
  return Uint8Array.of(code, address >> 8, address & 0xff, cell >> 8, cell & 0xff);
}

export function exceptionAnswer(functionCode: number, code: number): Uint8Array {
  return Uint8Array.of(functionCode | EXCEPTION_FLAG, code);
}

export function toRtuFrame(unit: number, pdu: Uint8Array): Uint8Array {
  const frame = new Uint8Array(pdu.length + 3);
  frame[0] = unit;
  frame.set(pdu, 1);
  const crc = crc16(frame.subarray(0, -2));
  frame.set([crc & 0xff, crc >> 8], pdu.length + 1);
  return frame;
}

/** Null where it is too short or its checksum is wrong. */
export function fromRtuFrame(frame: Uint8Array): { readonly unit: number; readonly pdu: Uint8Array } | null {
  if (frame.length < 4) return null;
  const crc = crc16(frame.subarray(0, -2));
  if (frame.at(-2) !== (crc & 0xff) || frame.at(-1) !== crc >> 8) return null;
  return { unit: frame[0] ?? 0, pdu: frame.subarray(1, -2) };
}

const CRC_TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >> 1) ^ 0xa001 : crc >> 1;
  return crc;
});

export function crc16(bytes: Uint8Array): number {
  let crc = 0xffff;
  for (const byte of bytes) crc = (crc >> 8) ^ (CRC_TABLE[(crc ^ byte) & 0xff] ?? 0);
  return crc;
}

function word(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

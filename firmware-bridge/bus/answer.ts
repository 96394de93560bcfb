/** What a frame is to a request that reads. */
import { EXCEPTION_FLAG, isBits, READ_FUNCTION, tableOf } from '../../model/modbus-frame.ts';
import type { Span } from '../../model/register-map.ts';

/** Of the answer, without its envelope. */
export function dataBytes({ table, count }: Span): number {
  return isBits(table) ? Math.ceil(count / 8) : 2 * count;
}

export function isRefusal(pdu: Uint8Array, { table }: Span): boolean {
  return pdu.length === 2 && pdu[0] === (READ_FUNCTION[table] | EXCEPTION_FLAG);
}

/** Length of the answer to a read that begins with these bytes; null where none begins so. */
export function answerLength(code: number, second: number): number | null {
  if (tableOf(code)) return 2 + second;
  return code > EXCEPTION_FLAG ? 2 : null;
}

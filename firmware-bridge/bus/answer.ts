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

/** Whether this has the form of an answer to that read, or of its refusal. */
export function isAnswerTo(pdu: Uint8Array, span: Span): boolean {
  const bytes = dataBytes(span);
  const isData = pdu[0] === READ_FUNCTION[span.table] && pdu[1] === bytes && pdu.length === 2 + bytes;
  return isData || isRefusal(pdu, span);
}

/** Length of the answer to a read that begins with these bytes; null where none begins so. */
export function answerLength(code: number, second: number): number | null {
  if (tableOf(code)) return 2 + second;
  return code > EXCEPTION_FLAG ? 2 : null;
}

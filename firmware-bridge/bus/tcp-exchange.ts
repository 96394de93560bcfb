/** Modbus TCP: an answer carries the number of its request, so that a late one is known for what it is. */
import { type Exchange, type ExchangeParts, joined, NOTHING } from './exchange.ts';
import { failed, type ReadRequest, type ReadResult } from './modbus-bus.ts';
import { requestPdu, toResult } from './modbus-words.ts';
import { startWaiting, type Waiting } from './waiting.ts';

/** Transaction, protocol, length and unit (Modbus Messaging on TCP/IP V1.0b, 3.1.3). */
const HEADER_BYTES = 7;
const LONGEST_PDU = 253;
/** What carries another number was asked by somebody else, or the gateway counts for itself. */
const MOST_UNANSWERED = 1_000;

export function createTcpExchange({ line, counters, late, unasked }: ExchangeParts): Exchange {
  let heard: Uint8Array = NOTHING;
  let waiting: Waiting | null = null;
  let transaction = 0;

  async function ask(request: ReadRequest): Promise<ReadResult> {
    if (!line.isOpen()) return failed('closed');
    transaction = (transaction + 1) & 0xffff;
    waiting = startWaiting(request, request.timeoutMs, () => failed('timeout'));
    line.write(toAdu(transaction, request.unit, requestPdu(request)));
    const result = await waiting.done;
    waiting = null;
    return result;
  }

  function judge(number: number, unit: number, pdu: Uint8Array): void {
    if (!waiting || number !== transaction) (isOfEarlier(number) ? late : unasked)(unit);
    else if (unit !== waiting.request.unit) counters(waiting.request.unit).wrongUnit++;
    else waiting.settle(toResult(pdu, waiting.request) ?? failed('short'));
  }

  /** Of a request that was given up, or has its answer. */
  function isOfEarlier(number: number): boolean {
    return ((transaction - number) & 0xffff) < MOST_UNANSWERED;
  }

  return {
    ask,
    heard(bytes) {
      heard = joined(heard, bytes);
      while (heard.length >= HEADER_BYTES) {
        const header = new DataView(heard.buffer, heard.byteOffset, HEADER_BYTES);
        const length = header.getUint16(4);
        if (header.getUint16(2) !== 0 || length < 2 || length > LONGEST_PDU + 1) {
          return line.reset('what answers there does not speak Modbus TCP');
        }
        const end = HEADER_BYTES - 1 + length;
        if (heard.length < end) return;
        const pdu = heard.subarray(HEADER_BYTES, end);
        heard = heard.subarray(end);
        judge(header.getUint16(0), header.getUint8(6), pdu);
      }
    },
    lineChanged() {
      heard = NOTHING;
      waiting?.settle(failed('closed'));
    },
  };
}

function toAdu(transaction: number, unit: number, pdu: Uint8Array): Uint8Array {
  const adu = new Uint8Array(HEADER_BYTES + pdu.length);
  const view = new DataView(adu.buffer);
  view.setUint16(0, transaction);
  view.setUint16(4, pdu.length + 1);
  view.setUint8(6, unit);
  adu.set(pdu, HEADER_BYTES);
  return adu;
}

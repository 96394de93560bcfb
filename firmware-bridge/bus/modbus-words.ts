/**
 * What is asked and what an answer says, in the words of modbus-serial. Beneath it lies no port of its own but a sheet of
 * paper: which bytes are the answer to which request, the exchanges find out, since its ports cannot (ADR 0018).
 */
import { EventEmitter } from 'node:events';
import modbusSerial from 'modbus-serial';
import { toRtuFrame } from '../../model/modbus-frame.ts';
import type { RegisterTable } from '../../model/register-map.ts';
import { isAnswerTo } from './answer.ts';
import { failed, type ReadRequest, type ReadResult } from './modbus-bus.ts';

/** As much of a port as modbus-serial asks for. It keeps what was written last. */
class Paper extends EventEmitter {
  readonly isOpen = true;
  written: Uint8Array = new Uint8Array();

  open(done: () => void): void {
    done();
  }

  write(frame: Uint8Array): void {
    this.written = frame;
  }
}

interface Answer {
  readonly data: readonly (number | boolean)[];
}
type Done = (error: (Error & { readonly modbusCode?: number }) | null, answer?: Answer) => void;

const paper = new Paper();
const client = new modbusSerial.default(paper);
client.open();

const ASK = {
  coil: 'writeFC1',
  discrete: 'writeFC2',
  holding: 'writeFC3',
  input: 'writeFC4',
} as const satisfies Record<RegisterTable, string>;

type Asked = Pick<ReadRequest, 'unit' | 'table' | 'address' | 'count'>;

function ask({ unit, table, address, count }: Asked, done: Done): void {
  client[ASK[table]](unit, address, count, done as never);
}

/** The request without its envelope of a line or a connection. */
export function requestPdu(request: Asked): Uint8Array {
  ask(request, () => undefined);
  return Uint8Array.from(paper.written).subarray(1, -2);
}

/** The answer or the refusal that this is; null where it is neither. */
export function toResult(pdu: Uint8Array, request: Asked): ReadResult | null {
  // modbus-serial does not look at the number of bytes.
  if (!isAnswerTo(pdu, request)) return null;
  let result: ReadResult | null = null;
  ask(request, (error, answer) => {
    if (answer) result = { ok: true, cells: answer.data.slice(0, request.count).map(Number) };
    else if (error?.modbusCode !== undefined) result = failed('exception', error.modbusCode);
  });
  paper.emit('data', Buffer.from(toRtuFrame(request.unit, pdu)));
  return result;
}

/** Requests as they arrive: out of a serial line's bytes, or out of a TCP stream with its headers. */
import { fromRtuFrame } from '../../model/modbus-frame.ts';

export interface ModbusRequest {
  readonly unit: number;
  readonly pdu: Uint8Array;
  /** Of TCP: the first four bytes of the header, which the answer repeats. */
  readonly header: Uint8Array | null;
}

export interface RequestReader {
  /** The requests that are now whole. */
  take(bytes: Uint8Array): ModbusRequest[];
}

/** The longest frame there is; more than that without a request in it is noise. */
const MAX_BYTES = 260;

/** Finds whole frames by their checksum, wherever they begin: noise before them does not matter. */
export function createRtuReader(): RequestReader {
  let held: Uint8Array = new Uint8Array();
  return {
    take(bytes) {
      held = joined(held, bytes);
      const requests: ModbusRequest[] = [];
      for (let start = 0; start + 4 <= held.length; start++) {
        const length = rtuLength(held.subarray(start));
        if (length === null || start + length > held.length) continue;
        const frame = fromRtuFrame(held.subarray(start, start + length));
        if (!frame) continue;
        requests.push({ ...frame, header: null });
        held = held.subarray(start + length);
        start = -1;
      }
      if (held.length > MAX_BYTES) held = held.subarray(-MAX_BYTES);
      return requests;
    },
  };
}

/** Throws where the stream is no Modbus TCP. */
export function createTcpReader(): RequestReader {
  let held: Uint8Array = new Uint8Array();
  return {
    take(bytes) {
      held = joined(held, bytes);
      const requests: ModbusRequest[] = [];
      while (held.length >= 7) {
        const view = new DataView(held.buffer, held.byteOffset);
        const length = view.getUint16(4);
        if (view.getUint16(2) !== 0 || length < 2 || length > MAX_BYTES - 6) throw new Error('not Modbus TCP');
        if (held.length < 6 + length) break;
        requests.push({
          unit: held[6] ?? 0,
          pdu: held.slice(7, 6 + length),
          header: held.slice(0, 4),
        });
        held = held.subarray(6 + length);
      }
      return requests;
    },
  };
}

/** Of a request of the functions that are in use; null where it cannot be told (yet). */
function rtuLength(bytes: Uint8Array): number | null {
  const code = bytes[1] ?? 0;
  if (code >= 1 && code <= 6) return 8;
  if (code !== 15 && code !== 16) return null;
  const byteCount = bytes[6];
  return byteCount === undefined ? null : 9 + byteCount;
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const all = new Uint8Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all;
}

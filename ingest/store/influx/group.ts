/** A commit group as one compact entry of the outbox: its lines, deflated, behind a byte that names the format. */
import { deflateRawSync, inflateRawSync } from 'node:zlib';

const DEFLATED_LINES = 1;

export function packGroup(lines: readonly string[]): Uint8Array {
  // The fastest level: a message alone becomes 100 bytes, one among hundreds 20.
  return Buffer.concat([Buffer.of(DEFLATED_LINES), deflateRawSync(lines.join('\n'), { level: 1 })]);
}

/** The lines, one after the other. */
export function unpackGroup(data: Uint8Array): string {
  if (data[0] !== DEFLATED_LINES) throw new Error(`the outbox holds an entry of format ${data[0]}`);
  return inflateRawSync(data.subarray(1)).toString();
}

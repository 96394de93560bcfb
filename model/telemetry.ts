/**
 * The wire message that carries readings of one device (contract 2.2). This is the only file that knows its shape.
 * Nothing here decides whether a value is believable: that is `ingest/accept.ts`.
 */

/** Contract 2.2: 64 KiB. */
export const MAX_PAYLOAD_BYTES = 64 * 1024;

/** Readings of one device at one time, as sent. */
export interface TelemetryFrame {
  /** As the device wrote it: epoch ms when it is sane. */
  readonly ts?: unknown;
  readonly seq?: unknown;
  readonly values: Readonly<Record<string, unknown>>;
}

export type Undecodable = 'too-large' | 'bad-json' | 'bad-shape';

export type DecodedTelemetry =
  | { readonly ok: true; readonly frames: readonly TelemetryFrame[] }
  | { readonly ok: false; readonly reason: Undecodable; readonly detail: string };

/** What stands for a NaN or Infinity that a device wrote: no metric takes it, so just that reading is rejected. */
export const NOT_A_NUMBER = 'NaN';

const RESERVED = new Set(['ts', 'seq', 'values']);

export function encodeTelemetry(frames: readonly TelemetryFrame[]): Uint8Array {
  return Buffer.from(JSON.stringify(frames.length === 1 ? frames[0] : frames));
}

/** Frames of one device, oldest first, in few messages of at most so many bytes. */
export function encodeBacklog(frames: readonly TelemetryFrame[], maxBytes = MAX_PAYLOAD_BYTES): Uint8Array[] {
  const payload = encodeTelemetry(frames);
  if (payload.byteLength <= maxBytes || frames.length === 1) return [payload];
  const half = Math.ceil(frames.length / 2);
  return [...encodeBacklog(frames.slice(0, half), maxBytes), ...encodeBacklog(frames.slice(half), maxBytes)];
}

/** Payload bytes to frames, oldest first as sent. */
export function decodeTelemetry(payload: Uint8Array): DecodedTelemetry {
  if (payload.byteLength > MAX_PAYLOAD_BYTES) {
    return fail('too-large', `${payload.byteLength} bytes, at most ${MAX_PAYLOAD_BYTES}`);
  }
  let body: unknown;
  try {
    body = parseJson(Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('utf8'));
  } catch (error) {
    return fail('bad-json', (error as Error).message);
  }
  const items = Array.isArray(body) ? body : [body];
  if (items.length === 0) return fail('bad-shape', 'an empty array');
  const frames: TelemetryFrame[] = [];
  for (const item of items) {
    const frame = toFrame(item);
    if (typeof frame === 'string') return fail('bad-shape', frame);
    frames.push(frame);
  }
  return { ok: true, frames };
}

function toFrame(item: unknown): TelemetryFrame | string {
  if (!isObject(item)) return 'expected an object of values, or an array of {ts, values}';
  if (Object.hasOwn(item, 'values')) {
    if (!isObject(item.values)) return '"values" must be an object';
    if (Object.keys(item.values).length === 0) return 'no values';
    return { ts: item.ts, seq: item.seq, values: item.values };
  }
  // Values alone, for the simplest devices. "ts" and "seq" can be no metric, so they mean here what they mean there.
  const values = Object.fromEntries(Object.entries(item).filter(([name]) => !RESERVED.has(name)));
  if (Object.keys(values).length === 0) return 'no values';
  return { ts: item.ts, seq: item.seq, values };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * A JSON string (skipped), or a number that JSON does not know but Python and C write.
 * An open string is taken whole, also where it ends in a lone backslash: looking for its end from each of its quotes would
 * take quadratic time. So from no quote on it can fail.
 */
const STRING_OR_NOT_A_NUMBER = /"(?:[^"\\]|\\.)*(?:"|\\?$)|-?\b(?:NaN|nan|Infinity|inf)\b/gs;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    let found = false;
    const mended = text.replace(STRING_OR_NOT_A_NUMBER, (token) => {
      if (token.startsWith('"')) return token;
      found = true;
      return `"${NOT_A_NUMBER}"`;
    });
    if (!found) throw error;
    return JSON.parse(mended);
  }
}

function fail(reason: Undecodable, detail: string): DecodedTelemetry {
  return { ok: false, reason, detail };
}

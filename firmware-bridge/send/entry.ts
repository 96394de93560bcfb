/** Readings of one device at one time, as they wait in the outbox; and what they are once they are sent. */
import type { TelemetryFrame } from '../../model/telemetry.ts';
import type { BridgeClock } from '../clock.ts';
import type { Values } from '../poll/device-poller.ts';

export interface Entry {
  readonly device: string;
  readonly seq: number;
  readonly values: Values;
  readonly time: EntryTime;
}

/** Epoch ms; or, where the clock was not set, when it was on the even scale of that boot, to be dated once it is. */
export type EntryTime = number | { readonly upMs: number; readonly bootId: string };

export function timeNow(clock: BridgeClock): EntryTime {
  return clock.isSet() ? clock.now() : { upMs: clock.upMs(), bootId: clock.bootId };
}

export function encodeEntry({ device, seq, values, time }: Entry): Uint8Array {
  return Buffer.from(JSON.stringify([device, seq, values, time]));
}

export function decodeEntry(data: Uint8Array): Entry {
  const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString();
  const [device, seq, values, time] = JSON.parse(text) as [string, number, Values, EntryTime];
  return { device, seq, values, time };
}

/** Without `ts` it gets the time of its receipt (contract 2.4): for what was read just now, and by nobody else's clock. */
export function toFrame({ seq, values }: Entry, ts?: number): TelemetryFrame {
  return ts === undefined ? { seq, values } : { ts, seq, values };
}

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

/** Never a time that is made up: `wait` for the clock to be set, or `never` where the boot it was read in is over. */
export function toFrame({ seq, values, time }: Entry, clock: BridgeClock): TelemetryFrame | 'wait' | 'never' {
  if (typeof time === 'number') return { ts: time, seq, values };
  if (time.bootId !== clock.bootId) return 'never';
  if (!clock.isSet()) return 'wait';
  return { ts: Math.round(clock.now() - (clock.upMs() - time.upMs)), seq, values };
}

/** Without a time it gets that of its receipt (contract 2.4): for what was read just now, and by nobody else's clock. */
export function toUndatedFrame({ seq, values }: Entry): TelemetryFrame {
  return { seq, values };
}

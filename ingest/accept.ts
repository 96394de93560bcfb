/** One telemetry message to readings and rejects, as values (contract 2.2 to 2.4). Pure: time comes in as an argument. */
import type { DeviceId, MetricName } from '../model/ids.ts';
import type { Device, Plant } from '../model/plant.ts';
import type { ProfileMetric } from '../model/profile.ts';
import type { Quality, Reading } from '../model/reading.ts';
import { shortText } from '../model/short-text.ts';
import { decodeTelemetry, NOT_A_NUMBER, type TelemetryFrame, type Undecodable } from '../model/telemetry.ts';
import type { DeviceTopic } from '../model/topic.ts';

export type RejectReason =
  | Undecodable
  | 'unknown-device'
  | 'unknown-metric'
  | 'bad-time'
  | 'time-in-future'
  | 'not-a-number'
  | 'wrong-type'
  | 'out-of-range'
  | 'conflict'
  | 'too-old';

/** Something sent that is not stored, and why, in words that help whoever set the device up. */
export interface Reject {
  readonly reason: RejectReason;
  /** As it stands in the topic; null metric: the whole message. */
  readonly device: string;
  readonly metric: string | null;
  readonly detail: string;
}

export interface Accepted {
  /** Readings in the message; an undecodable message counts as one. Always readings + rejects. */
  readonly received: number;
  readonly readings: readonly Reading[];
  readonly rejects: readonly Reject[];
  /** Null where it is not one of the plant, or not of that site; there are no frames then. */
  readonly device: DeviceId | null;
  readonly frames: readonly TelemetryFrame[];
}

export interface AcceptContext {
  readonly plant: Plant;
  readonly nowMs: number;
  /** What says a later time is rejected. */
  readonly latestTs: number;
  /** Time of receipt for a frame without a believable one: never the same twice for a device. */
  readonly receiptMs: (device: DeviceId) => number;
}

/** A device clock that says less has never been set. */
export const CLOCK_UNSET_BEFORE_MS = Date.UTC(2000, 0, 1);

export function acceptTelemetry(topic: DeviceTopic, payload: Uint8Array, context: AcceptContext): Accepted {
  const decoded = decodeTelemetry(payload);
  if (!decoded.ok) {
    const reject: Reject = { reason: decoded.reason, device: topic.device, metric: null, detail: decoded.detail };
    return { received: 1, readings: [], rejects: [reject], device: null, frames: [] };
  }
  const readings: Reading[] = [];
  const rejects: Reject[] = [];
  const { frames } = decoded;
  const device = context.plant.devices.get(topic.device);
  if (device?.site !== topic.site) {
    const fault = unknownDevice(topic, device);
    for (const frame of frames) rejectFrame(frame, topic, fault, rejects);
    return { received: rejects.length, readings, rejects, device: null, frames: [] };
  }
  for (const frame of frames) acceptFrame(device, frame, context, readings, rejects);
  return { received: readings.length + rejects.length, readings, rejects, device: device.id, frames };
}

function acceptFrame(
  device: Device,
  frame: TelemetryFrame,
  context: AcceptContext,
  readings: Reading[],
  rejects: Reject[],
): void {
  const time = deviceTime(device, frame.ts, context);
  if ('reason' in time) {
    rejectFrame(frame, { device: device.id }, time, rejects);
    return;
  }
  for (const name in frame.values) {
    const metric = device.metrics.get(name);
    const value = metric ? acceptValue(metric, frame.values[name]) : unknownMetric(device, name);
    if (value !== null && typeof value === 'object') {
      rejects.push({ ...value, device: device.id, metric: shortText(name, MAX_BRIEF_CHARS) });
    } else {
      const quality: Quality = value === null ? 'bad' : time.quality;
      const { ts, isReceipt } = time;
      readings.push({ device: device.id, metric: name as MetricName, ts, value, quality, isReceipt });
    }
  }
}

type Fault = Pick<Reject, 'reason' | 'detail'>;

function deviceTime(
  device: Device,
  ts: unknown,
  { nowMs, latestTs, receiptMs }: AcceptContext,
): { ts: number; quality: Quality; isReceipt: boolean } | Fault {
  if (ts === undefined || ts === null) return { ts: receiptMs(device.id), quality: 'uncertain', isReceipt: true };
  if (typeof ts !== 'number' || !Number.isSafeInteger(ts)) {
    return { reason: 'bad-time', detail: `ts ${brief(ts)}: expected whole milliseconds since 1970` };
  }
  if (ts < CLOCK_UNSET_BEFORE_MS) return { ts: receiptMs(device.id), quality: 'uncertain', isReceipt: true };
  if (ts > latestTs) {
    return { reason: 'time-in-future', detail: `ts ${ts} is ${Math.round((ts - nowMs) / 1000)} s ahead` };
  }
  return { ts, quality: 'good', isReceipt: false };
}

/** The number to store, null for "could not be read", or why not. */
function acceptValue(metric: ProfileMetric, value: unknown): number | null | Fault {
  if (value === null) return null;
  if (value === NOT_A_NUMBER) return { reason: 'not-a-number', detail: 'NaN or Infinity' };
  if (metric.type === 'boolean') {
    if (value === true || value === 1) return 1;
    if (value === false || value === 0) return 0;
    return { reason: 'wrong-type', detail: `${brief(value)}: expected true or false` };
  }
  if (typeof value !== 'number') return { reason: 'wrong-type', detail: `${brief(value)}: expected a number` };
  if (!Number.isFinite(value)) return { reason: 'not-a-number', detail: 'NaN or Infinity' };
  if (value < metric.min || value > metric.max) {
    return { reason: 'out-of-range', detail: `${value} ${metric.unit}: expected ${metric.min} to ${metric.max}` };
  }
  return value === 0 ? 0 : value; // -0 and 0 are one value
}

function unknownMetric(device: Device, name: string): Fault {
  return { reason: 'unknown-metric', detail: `profile "${device.profile}" has no metric ${brief(name)}` };
}

function unknownDevice(topic: DeviceTopic, device: Device | undefined): Fault {
  const why = device ? `it belongs to site "${device.site}"` : 'no such device in the plant file';
  return { reason: 'unknown-device', detail: `${topic.site}/${topic.device}: ${why}` };
}

function rejectFrame(frame: TelemetryFrame, { device }: { device: string }, fault: Fault, rejects: Reject[]): void {
  for (const name in frame.values) rejects.push({ ...fault, device, metric: shortText(name, MAX_BRIEF_CHARS) });
}

const MAX_BRIEF_CHARS = 60;

/** A sender's own text goes into logs: only so much of it, and nothing of what may be nested without end. */
function brief(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(shortText(value, MAX_BRIEF_CHARS));
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object';
  return String(value);
}

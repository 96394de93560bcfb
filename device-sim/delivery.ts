/** From a village's reports to MQTT messages, and their way to the acknowledgement. */
import { encodeBacklog, type TelemetryFrame } from '../model/telemetry.ts';
import { telemetryTopic } from '../model/topic.ts';
import type { TownMessage } from './town.ts';

/** Frames in one backlog message: well under the 64 KiB for any of our devices. */
const MAX_FRAMES = 200;
/** Publishes without acknowledgement at a time. */
const MAX_IN_FLIGHT = 8;

/** Resolves at the PUBACK, rejects when the link has stopped. */
export type Publish = (topic: string, payload: Uint8Array) => Promise<void>;

interface Backlog {
  readonly topic: string;
  readonly frames: readonly TelemetryFrame[];
}

/** Publishes all of it, several frames of a device in one message; resolves when everything is acknowledged. */
export async function deliver(messages: readonly TownMessage[], publish: Publish): Promise<void> {
  const backlogs = toBacklogs(messages);
  let next = 0;
  async function work(): Promise<void> {
    for (let backlog = backlogs[next++]; backlog; backlog = backlogs[next++]) {
      for (const payload of encodeBacklog(backlog.frames)) await publish(backlog.topic, payload);
    }
  }
  const workers = Array.from({ length: Math.min(MAX_IN_FLIGHT, backlogs.length) }, work);
  try {
    await Promise.all(workers);
  } catch (error) {
    next = backlogs.length;
    await Promise.allSettled(workers);
    throw error;
  }
}

function toBacklogs(messages: readonly TownMessage[]): Backlog[] {
  const byTopic = Map.groupBy(messages, ({ site, device }) => telemetryTopic(site, device));
  return [...byTopic].flatMap(([topic, ofDevice]) =>
    chunks(ofDevice, MAX_FRAMES).map((part) => ({ topic, frames: part.map(({ frame }) => frame) })),
  );
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}

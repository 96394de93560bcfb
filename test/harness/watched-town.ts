/** The demo village under its rules, second by second: from what its devices send to what people are told. */
import type { TownMessage } from '../../device-sim/town.ts';
import { createOutageWatch } from '../../ingest/alarms/outage-watch.ts';
import { createDetectors, NO_MEMORY } from '../../ingest/detect/detectors.ts';
import type { ConditionChange } from '../../model/condition.ts';
import type { DeviceId, MetricName } from '../../model/ids.ts';
import type { Reading } from '../../model/reading.ts';
import { newTown, plant, rules } from '../device-sim/village.ts';
import { openDesk } from './alarms.ts';
import { silentLog } from './readings.ts';

const SECOND = 1_000;
const MINUTE = 60_000;
/** Lived by the village at a time. */
const CHUNK_S = 10;

/** What becomes of a message on its way; null: it is lost. */
export type Change = (message: TownMessage) => TownMessage | null;

export async function startWatchedTown(fromMs: number) {
  const town = await newTown({ fromMs });
  let now = fromMs;
  const heard = new Map<string, number>();
  const opened = openDesk({ plant, now: () => now });
  const { desk } = opened;
  const changes: ConditionChange[] = [];
  const detectors = createDetectors(
    { plant, rules, memory: NO_MEMORY, newest: [] },
    {
      isActive: desk.isActive,
      tell: (change) => void changes.push(change),
      now: () => now,
      isClockRight: () => true,
      uptimeMs: () => now - fromMs,
    },
  );
  const look = createOutageWatch({
    alarms: desk,
    heardAtMs: (id) => heard.get(id) ?? null,
    now: () => now,
    uptimeMs: () => now,
    log: silentLog,
  });

  function take({ device, frame, atMs }: TownMessage): void {
    const id = device as DeviceId;
    const { ts = atMs } = frame;
    const readings = Object.entries(frame.values).map(([metric, value]): Reading => {
      const number = value === null ? null : Number(value);
      return { device: id, metric: metric as MetricName, ts, value: number, quality: number === null ? 'bad' : 'good' };
    });
    heard.set(device, now);
    detectors.hear({ received: readings.length, readings, rejects: [], device: id, frames: [frame] }, now);
    detectors.take(readings, readings);
    desk.applyAll(changes.splice(0));
  }

  function passSecond(messages: readonly TownMessage[], change: Change): void {
    now += SECOND;
    const due = messages.filter(({ atMs }) => atMs > now - SECOND && atMs <= now);
    for (const message of due.map(change)) if (message) take(message);
    detectors.sweep();
    desk.applyAll(changes.splice(0));
    look();
    desk.tick();
  }

  /** Lets so many minutes pass; what devices send is changed, or lost. Gives what arrived. */
  function pass(minutes: number, change: Change = (message) => message): readonly TownMessage[] {
    const arrived: TownMessage[] = [];
    for (const until = now + minutes * MINUTE; now < until; ) {
      const messages = town.step(now + CHUNK_S * SECOND);
      arrived.push(...messages);
      for (let second = 0; second < CHUNK_S; second++) passSecond(messages, change);
    }
    return arrived;
  }

  return { ...opened, town, pass, now: () => now };
}

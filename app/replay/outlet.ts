import type { MqttLink } from '../../link/mqtt-link.ts';
import { encodeBacklog, type TelemetryFrame } from '../../model/telemetry.ts';
import { telemetryTopic } from '../../model/topic.ts';

/** Gathers frames into backlogs per device, with a bounded number of messages on their way. */
export interface Outlet {
  add(device: string, frame: TelemetryFrame): Promise<void>;
  /** Resolves once everything is acknowledged. */
  flush(): Promise<void>;
}

/** Frames in one backlog message, where its size allows as many. */
const BACKLOG_FRAMES = 250;
const MAX_UNACKNOWLEDGED = 20;

export function createOutlet(link: MqttLink, site: string): Outlet {
  const backlogs = new Map<string, TelemetryFrame[]>();
  const onTheirWay = new Set<Promise<void>>();

  async function send(device: string, frames: readonly TelemetryFrame[]): Promise<void> {
    for (const payload of encodeBacklog(frames)) {
      const sent = link.publish(telemetryTopic(site, device), payload).finally(() => onTheirWay.delete(sent));
      onTheirWay.add(sent);
      if (onTheirWay.size >= MAX_UNACKNOWLEDGED) await Promise.race(onTheirWay);
    }
  }

  return {
    async add(device, frame) {
      const backlog = backlogs.get(device) ?? [];
      backlog.push(frame);
      backlogs.set(device, backlog);
      if (backlog.length < BACKLOG_FRAMES) return;
      backlogs.delete(device);
      await send(device, backlog);
    },
    async flush() {
      for (const [device, frames] of backlogs) await send(device, frames);
      await Promise.all(onTheirWay);
    },
  };
}

/** Devices that number what they publish, keep what was not acknowledged, and send it again when the broker is back. */
import mqtt from 'mqtt';
import { telemetryTopic } from '../model/topic.ts';
import type { RunContext } from './run-context.ts';

export interface NumberedDevice {
  readonly site: string;
  readonly device: string;
}

export interface NumberedDevices {
  /** Per device the times of what the broker acknowledged. */
  acknowledged(): ReadonlyMap<string, ReadonlySet<number>>;
  sent(): number;
  /** No more messages; resolves once all are acknowledged. */
  stop(): Promise<void>;
}

const TICK_MS = 20;
/** Unacknowledged messages of one device; a real one has a buffer of its own. */
const WINDOW = 200;

export async function startNumberedDevices(
  context: RunContext,
  url: string,
  { devices, ratePerS }: { devices: readonly NumberedDevice[]; ratePerS: number },
): Promise<NumberedDevices> {
  const started = await Promise.all(devices.map((device) => startDevice(url, device)));
  const perTick = (ratePerS * TICK_MS) / 1_000 / devices.length;
  let due = 0;
  const ticking = setInterval(() => {
    for (due += perTick; due >= 1; due--) for (const device of started) device.send();
  }, TICK_MS);
  const leave = (): void => {
    clearInterval(ticking);
    for (const { client } of started) client.end(true);
  };
  context.finally(leave);
  return {
    acknowledged: () => new Map(started.map(({ name, acknowledged }) => [name, acknowledged])),
    sent: () => started.reduce((sum, { sent }) => sum + sent(), 0),
    async stop() {
      clearInterval(ticking);
      await Promise.all(started.map(({ drained }) => drained()));
      leave();
    },
  };
}

async function startDevice(url: string, { site, device }: NumberedDevice) {
  const client = await mqtt.connectAsync(url, {
    reconnectPeriod: 200,
    writeCache: false,
    clientId: `device-${device}`,
  });
  client.on('error', () => undefined);
  const topic = telemetryTopic(site, device);
  const acknowledged = new Set<number>();
  const onWay = new Set<Promise<unknown>>();
  const firstTs = Date.now();
  let seq = 0;

  return {
    name: device,
    client,
    acknowledged,
    sent: () => seq,
    drained: () => Promise.all(onWay),
    send(): void {
      if (onWay.size >= WINDOW) return;
      const ts = firstTs + seq;
      const payload = JSON.stringify({ ts, seq: seq++, values: { level: (ts % 3_000) / 1_000 } });
      const published = client.publishAsync(topic, payload, { qos: 1 }).then(() => acknowledged.add(ts));
      onWay.add(published);
      published.finally(() => onWay.delete(published)).catch(() => undefined);
    },
  };
}

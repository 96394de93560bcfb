/** Many publishers of QoS 0 that nothing holds back, a subscriber, and its leaving: the server lives and devices go on. */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { telemetryTopic } from '../model/topic.ts';
import { FIRST_DEVICE, startBenchServer } from './bench-server.ts';
import { above, atLeast, atMost, exactly, type Figure, figure, noBar } from './figure.ts';
import { startLoad } from './load/driver.ts';
import { peakResidentMb } from './proc.ts';
import type { RunContext } from './run-context.ts';
import { subscribe } from './subscriber.ts';

const PUBLISHERS = 500;
const SECONDS = 60;
/** The flood goes on so long without its subscriber, and the devices without the flood. */
const AFTERWARDS_MS = 10_000;
const DEVICE_RATE_PER_S = 100;
/** Held messages and the buffers of slow readers have limits: a small computer has 1 GB. */
const MAX_RSS_MB = 512;
const TOPIC = 'town/square/flood';

export async function measureFlood(context: RunContext): Promise<readonly Figure[]> {
  const server = await startBenchServer(context, { config: FIRST_DEVICE, dataDir: join(context.folder, 'data') });
  const port = server.mqttPort;
  const seconds = context.seconds ?? SECONDS;
  const subscriber = await subscribe(context, { port, filter: TOPIC });
  const plan = { metrics: [], firstTs: Date.now() - 86_400_000, stepMs: 1 };
  const devices = startLoad(context, {
    port,
    plan: {
      ...plan,
      connections: 10,
      topics: [telemetryTopic('my-village', 'tank-1-level')],
      metrics: ['level'],
      payloadBytes: 0,
    },
    ratePerS: DEVICE_RATE_PER_S,
    isReturning: true,
  });
  await devices.ready;
  const flood = startLoad(context, {
    port,
    plan: { ...plan, connections: PUBLISHERS, topics: [TOPIC], payloadBytes: 100 },
    qos: 0,
  });
  await flood.ready;
  const begin = devices.progress();
  await delay(seconds * 1_000);
  const [meanwhile, received] = [devices.progress(), await subscriber.received()];
  subscriber.leave();
  await delay(AFTERWARDS_MS);
  const flooded = await flood.stop();
  const left = devices.progress();
  await delay(AFTERWARDS_MS);
  const report = await devices.stop();
  const isAlive = server.process.exitCode === null && server.process.signalCode === null;
  const rssMb = isAlive ? peakResidentMb(server.pid) : Number.NaN;
  if (isAlive) await server.stop();
  return [
    figure(['server alive at the end', ''], exactly(1), Number(isAlive)),
    figure(['resident memory, the most it ever was', 'MB'], atMost(MAX_RSS_MB), rssMb),
    figure([`sent by ${PUBLISHERS} publishers of QoS 0`, 'messages'], noBar, flooded.sent),
    figure(['publishers cut off', 'connections'], noBar, flooded.lost),
    figure(['received by the subscriber', 'messages'], above(0), received),
    figure(
      ['QoS 1 of devices during the flood, acknowledged / due', ''],
      atLeast(0.5),
      (meanwhile.acknowledged - begin.acknowledged) / (DEVICE_RATE_PER_S * seconds),
    ),
    figure(['acknowledged after the flood', 'messages'], above(0), report.acknowledged - left.acknowledged),
    figure(['QoS 1 sent and never acknowledged', 'messages'], exactly(0), report.unanswered),
    figure(['QoS 1 publish to PUBACK, p99', 'ms'], noBar, report.measured.p99Ms),
  ];
}

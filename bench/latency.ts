/** How long a device waits for its acknowledgement at a usual load, beside the broker without a store. */
import { join } from 'node:path';
import { startBenchServer, startCeilingServer } from './bench-server.ts';
import { atLeast, atMost, type Figure, figure, noBar } from './figure.ts';
import { writeLargePlant } from './large-plant.ts';
import { startLoad } from './load/driver.ts';
import type { LoadOptions, LoadReport } from './load/load-options.ts';
import type { MessagePlan } from './load/message-plan.ts';
import type { RunContext } from './run-context.ts';
import { median } from './statistics.ts';

const DEVICES = 667;
const REPEATS = 3;
const SECONDS = 20;
const WARM_UP_S = 3;
const RATE_PER_S = 2_000;
const FREELY_MS = 60;

type Measured = LoadReport['measured'];

export async function measureLatency(context: RunContext): Promise<readonly Figure[]> {
  const plant = writeLargePlant(context.folder, DEVICES);
  const plan = (connections: number): MessagePlan => ({
    ...plant,
    connections,
    payloadBytes: 120,
    firstTs: Date.now(),
    stepMs: 1,
  });
  const timing = { warmUpS: WARM_UP_S, seconds: context.seconds ?? SECONDS };
  const run = async (port: number, options: Partial<LoadOptions>): Promise<Measured> =>
    (await startLoad(context, { port, plan: plan(50), ...timing, ...options }).report).measured;

  const repeats: { bare: Measured; whole: Measured; alone: Measured }[] = [];
  for (let i = 0; i < (context.repeats ?? REPEATS); i++) {
    const ceiling = await startCeilingServer(context);
    const bare = await run(ceiling.port, { ratePerS: RATE_PER_S });
    ceiling.kill();
    const dataDir = join(context.folder, `data-${i}`);
    const server = await startBenchServer(context, { config: plant.config, dataDir });
    const whole = await run(server.mqttPort, { ratePerS: RATE_PER_S });
    const alone = await run(server.mqttPort, { plan: plan(1), window: 1 });
    await server.stop();
    repeats.push({ bare, whole, alone });
    context.say(`p99 ${whole.p99Ms} ms, without a store ${bare.p99Ms} ms`);
  }
  const limitMs = Math.max(FREELY_MS, 3 * median(repeats.map(({ bare }) => bare.p99Ms)));
  const each = (value: (repeat: (typeof repeats)[number]) => number): number[] => repeats.map(value);
  return [
    figure(
      [`publish to PUBACK at ${RATE_PER_S} msg/s, p50`, 'ms'],
      noBar,
      each(({ whole }) => whole.p50Ms),
    ),
    figure(
      [`publish to PUBACK at ${RATE_PER_S} msg/s, p99`, 'ms'],
      atMost(limitMs),
      each(({ whole }) => whole.p99Ms),
    ),
    figure(
      ['the same without a store, p99', 'ms'],
      noBar,
      each(({ bare }) => bare.p99Ms),
    ),
    figure(
      ['acknowledged of that rate', 'msg/s'],
      atLeast(0.98 * RATE_PER_S),
      each((r) => r.whole.acknowledgedPerS),
    ),
    figure(
      ['one device, one message in flight', 'msg/s'],
      atLeast(500),
      each(({ alone }) => alone.acknowledgedPerS),
    ),
  ];
}

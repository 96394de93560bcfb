/**
 * A subscriber that reads nothing: what it costs the others. Senders go as fast as they are acknowledged and one
 * subscriber reads all; now alone, now beside a second one that freezes when the measuring begins.
 */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { FIRST_DEVICE, startBenchServer } from './bench-server.ts';
import { atLeast, type Figure, figure, noBar } from './figure.ts';
import { startLoad } from './load/driver.ts';
import type { RunContext } from './run-context.ts';
import { median } from './statistics.ts';
import { subscribe } from './subscriber.ts';

const PAIRS = 3;
const SECONDS = 30;
const WARM_UP_S = 2;
const TOPIC = 'town/square/noise';

interface Rates {
  readonly acknowledgedPerS: number;
  readonly receivedPerS: number;
}

export async function measureFrozen(context: RunContext): Promise<readonly Figure[]> {
  const alone: Rates[] = [];
  const beside: Rates[] = [];
  for (let pair = 0; pair < (context.repeats ?? PAIRS); pair++) {
    alone.push(await measureOthers(context, { withFrozen: false, name: `alone-${pair}` }));
    beside.push(await measureOthers(context, { withFrozen: true, name: `beside-${pair}` }));
    context.say(
      `acknowledged ${alone.at(-1)?.acknowledgedPerS} alone, ${beside.at(-1)?.acknowledgedPerS} msg/s beside`,
    );
  }
  const medianOf = (rates: readonly Rates[], field: keyof Rates): number => median(rates.map((rate) => rate[field]));
  const share = (field: keyof Rates): number => medianOf(beside, field) / medianOf(alone, field);
  const each = (rates: readonly Rates[], field: keyof Rates): number[] => rates.map((rate) => Math.round(rate[field]));
  return [
    figure(['acknowledged to senders, nobody frozen', 'msg/s'], noBar, each(alone, 'acknowledgedPerS')),
    figure(['acknowledged to senders, one frozen', 'msg/s'], noBar, each(beside, 'acknowledgedPerS')),
    figure(['received by the reader, nobody frozen', 'msg/s'], noBar, each(alone, 'receivedPerS')),
    figure(['received by the reader, one frozen', 'msg/s'], noBar, each(beside, 'receivedPerS')),
    figure(['acknowledged, frozen / not', ''], atLeast(0.9), share('acknowledgedPerS')),
    figure(['received, frozen / not', ''], atLeast(0.9), share('receivedPerS')),
  ];
}

/** Each on a fresh server: nothing of the one before is left in its memory. */
async function measureOthers(
  context: RunContext,
  { withFrozen, name }: { withFrozen: boolean; name: string },
): Promise<Rates> {
  const server = await startBenchServer(context, { config: FIRST_DEVICE, dataDir: join(context.folder, name) });
  const to = { port: server.mqttPort, filter: TOPIC };
  const reader = await subscribe(context, to);
  const sleeper = withFrozen ? await subscribe(context, to) : null;
  const plan = { connections: 10, topics: [TOPIC], metrics: [], payloadBytes: 1_000, firstTs: 0, stepMs: 1 };
  const load = startLoad(context, { port: server.mqttPort, plan, window: 20 });
  await load.ready;
  await delay(WARM_UP_S * 1_000);
  sleeper?.freeze();
  const seconds = context.seconds ?? SECONDS;
  const [before, receivedBefore] = [load.progress(), await reader.received()];
  await delay(seconds * 1_000);
  const [after, receivedAfter] = [load.progress(), await reader.received()];
  await load.stop();
  reader.leave();
  sleeper?.leave();
  await server.stop();
  return {
    acknowledgedPerS: ((after.acknowledged - before.acknowledged) * 1_000) / (after.atMs - before.atMs),
    receivedPerS: (receivedAfter - receivedBefore) / seconds,
  };
}

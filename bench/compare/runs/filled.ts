/** A store with a month in it, filled over MQTT by the side's own server, as devices would that were long without a link. */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { BenchServer } from '../../bench-server.ts';
import { type LargePlant, writeLargePlant } from '../../large-plant.ts';
import { startLoad } from '../../load/driver.ts';
import { cpuSeconds } from '../../proc.ts';
import type { Turn } from '../compare-run.ts';

/** Times three metrics, with a reading a minute. */
export const DEVICES = 10;
export const DAYS = 30;
const MINUTE_MS = 60_000;
export const DAY_MS = 86_400_000;
const FILL_WITHIN_MS = 15 * 60_000;
const LOOK_EVERY_MS = 2_000;
/** Of one core: what a server takes that has nothing left to do. */
const AT_REST_SHARE = 0.05;
const REST_WITHIN_MS = 3 * 60_000;

/** Where the month ends: the same for both sides, and wholly in the past. */
export const untilMs = (Math.floor(Date.now() / DAY_MS) - 1) * DAY_MS;

export async function fillMonth({ context, prepared, start }: Turn): Promise<void> {
  const plant = writeLargePlant(prepared, DEVICES);
  const server = await start({ config: plant.config, dataDir: join(prepared, 'data') });
  const messages = DEVICES * DAYS * 1_440;
  const firstTs = untilMs - DAYS * DAY_MS;
  const plan = { ...plant, connections: DEVICES, payloadBytes: 120, firstTs, stepMs: MINUTE_MS };
  const load = startLoad(context, { port: server.mqttPort, plan, messages });
  const { acknowledged } = await withTimeLimit(load.report, FILL_WITHIN_MS);
  if (acknowledged !== messages) throw new Error(`${acknowledged} of ${messages} messages were acknowledged`);
  await untilAtRest(server);
  await server.stop();
}

/** A server on a copy of the month, at rest. */
export async function startOnMonth({
  folder,
  prepared,
  start,
}: Turn): Promise<{ server: BenchServer; plant: LargePlant }> {
  copyMonth({ folder, prepared });
  const plant = writeLargePlant(folder, DEVICES);
  const server = await start({ config: plant.config, dataDir: join(folder, 'data') });
  await untilAtRest(server);
  return { server, plant };
}

export function copyMonth({ folder, prepared }: Pick<Turn, 'folder' | 'prepared'>): void {
  cpSync(join(prepared, 'data'), join(folder, 'data'), { recursive: true });
}

/** What was taken is still moved about for a while. */
async function untilAtRest({ pid }: BenchServer): Promise<void> {
  const until = Date.now() + REST_WITHIN_MS;
  for (;;) {
    const before = cpuSeconds(pid);
    await delay(LOOK_EVERY_MS);
    if (cpuSeconds(pid) - before < (AT_REST_SHARE * LOOK_EVERY_MS) / 1_000) return;
    if (Date.now() > until) throw new Error(`the server was not at rest within ${REST_WITHIN_MS / 60_000} min`);
  }
}

async function withTimeLimit<T>(promise: Promise<T>, limitMs: number): Promise<T> {
  const late = new AbortController();
  const limit = delay(limitMs, undefined, { signal: late.signal }).then(() => {
    throw new Error(`not filled within ${limitMs / 60_000} min`);
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    late.abort();
    limit.catch(() => undefined);
  }
}

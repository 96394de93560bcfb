/** The whole process at rest with the demo: first start with its back-fill, then live, with one page open. */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { io } from 'socket.io-client';
import { eventually } from '../test/harness/process.ts';
import { startBenchServer } from './bench-server.ts';
import { below, type Figure, figure } from './figure.ts';
import { cpuSeconds, residentMb } from './proc.ts';
import type { RunContext } from './run-context.ts';

const BACKFILL_WITHIN_S = 60;
const GIVE_UP_MS = 10 * 60_000;
const SETTLE_MS = 10_000;
const SECONDS = 60;
const MAX_RSS_MB = 200;
const MAX_CPU_PERCENT = 5;

export async function measureRest(context: RunContext): Promise<readonly Figure[]> {
  const seconds = context.seconds ?? SECONDS;
  const startedAt = Date.now();
  const server = await startBenchServer(context, { config: null, dataDir: join(context.folder, 'data') });
  const askPhase = async (): Promise<string> => (await server.get<{ phase: string }>('/api/sim')).phase;
  await eventually(askPhase, (phase) => phase === 'live', GIVE_UP_MS);
  const backfillS = (Date.now() - startedAt) / 1_000;
  const page = io(`${server.url}/live`, { transports: ['websocket'] });
  page.emit('subscribe', { site: 'all' });
  await delay(SETTLE_MS);
  const { rssMb, cpuPercent } = await observe(server.pid, seconds);
  page.close();
  await server.stop();
  return [
    figure([`resident memory, highest of ${seconds} s`, 'MB'], below(MAX_RSS_MB), rssMb),
    figure([`CPU of one core, mean of ${seconds} s`, '%'], below(MAX_CPU_PERCENT), cpuPercent),
    figure(['from start to 14 days delivered', 's'], below(BACKFILL_WITHIN_S), backfillS),
  ];
}

async function observe(pid: number, seconds: number): Promise<{ rssMb: number; cpuPercent: number }> {
  const cpuBefore = cpuSeconds(pid);
  let rssMb = 0;
  for (let second = 0; second < seconds; second++) {
    rssMb = Math.max(rssMb, residentMb(pid));
    await delay(1_000);
  }
  return { rssMb, cpuPercent: ((cpuSeconds(pid) - cpuBefore) / seconds) * 100 };
}

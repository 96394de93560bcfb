/** The demo with its village, as it lives on: memory and CPU. */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../../../test/harness/process.ts';
import type { BenchServer } from '../../bench-server.ts';
import { cpuSeconds, residentMb } from '../../proc.ts';
import { type CompareRun, less, type Turn } from '../compare-run.ts';

const SECONDS = 40;
const SETTLE_MS = 10_000;
const LIVE_WITHIN_MS = 10 * 60_000;

export const rest: CompareRun = {
  figures: [less('resident memory of the demo, highest', 'MB'), less('CPU of one core, mean', '%')],
  async prepare(turn) {
    const server = await startLive(turn, turn.prepared);
    await server.stop();
  },
  async measure(turn) {
    cpSync(join(turn.prepared, 'data'), join(turn.folder, 'data'), { recursive: true });
    const server = await startLive(turn, turn.folder);
    await delay(SETTLE_MS);
    const figures = await observe(server.pid, turn.context.seconds ?? SECONDS);
    await server.stop();
    return figures;
  },
};

/** The village has told all of its past. */
async function startLive({ start }: Turn, folder: string): Promise<BenchServer> {
  const server = await start({ config: null, dataDir: join(folder, 'data') });
  const askPhase = async (): Promise<string> => (await server.get<{ phase: string }>('/api/sim')).phase;
  await eventually(askPhase, (phase) => phase === 'live', LIVE_WITHIN_MS);
  return server;
}

async function observe(pid: number, seconds: number): Promise<number[]> {
  const [cpuBeforeS, startedAt] = [cpuSeconds(pid), performance.now()];
  let rssMb = 0;
  for (let second = 0; second < seconds; second++) {
    rssMb = Math.max(rssMb, residentMb(pid));
    await delay(1_000);
  }
  return [rssMb, ((cpuSeconds(pid) - cpuBeforeS) * 1e5) / (performance.now() - startedAt)];
}

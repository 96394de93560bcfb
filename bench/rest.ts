/** The whole process at rest with the demo: first start with its back-fill, then live, with one page open. */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { io } from 'socket.io-client';
import type { Figure } from './figure.ts';
import { startBenchServer } from './server.ts';

const BACKFILL_WITHIN_MS = 60_000;
const SETTLE_MS = 10_000;
const MEASURE_MS = 60_000;
const MAX_RSS_MB = 200;
const MAX_CPU_PERCENT = 5;
/** Linux counts CPU time in hundredths of a second. */
const TICKS_PER_S = 100;

export async function measureRest(): Promise<readonly Figure[]> {
  const dataDir = mkdtempSync(join(tmpdir(), 'aimak-bench-'));
  const startedAt = Date.now();
  const { process: server, url } = await startBenchServer(dataDir, null);
  try {
    await untilLive(url);
    const backfillS = (Date.now() - startedAt) / 1000;
    const page = io(`${url}/live`, { transports: ['websocket'] });
    page.emit('subscribe', { site: 'all' });
    await delay(SETTLE_MS);
    const { rssMb, cpuPercent } = await observe(server.pid ?? 0);
    page.close();
    return [
      figure('resident memory, highest of 60 s', rssMb, 'MB', MAX_RSS_MB),
      figure('CPU of one core, mean of 60 s', cpuPercent, '%', MAX_CPU_PERCENT),
      figure('from start to 14 days delivered', backfillS, 's', BACKFILL_WITHIN_MS / 1000),
    ];
  } finally {
    server.kill('SIGTERM');
    if (server.exitCode === null) await once(server, 'exit');
    rmSync(dataDir, { recursive: true, force: true });
  }
}

function figure(name: string, value: number, unit: string, below: number): Figure {
  return { name, value: Math.round(value * 100) / 100, unit, bar: `< ${below}`, isMet: value < below };
}

async function untilLive(url: string): Promise<void> {
  for (;;) {
    const { phase } = (await (await fetch(`${url}/api/sim`)).json()) as { phase: string };
    if (phase === 'live') return;
    await delay(200);
  }
}

async function observe(pid: number): Promise<{ rssMb: number; cpuPercent: number }> {
  const cpuBefore = cpuSeconds(pid);
  const until = Date.now() + MEASURE_MS;
  let rssMb = 0;
  while (Date.now() < until) {
    rssMb = Math.max(rssMb, residentMb(pid));
    await delay(1_000);
  }
  return { rssMb, cpuPercent: ((cpuSeconds(pid) - cpuBefore) / (MEASURE_MS / 1000)) * 100 };
}

function residentMb(pid: number): number {
  const [, kib] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) / 1024;
}

/** User and system time: fields 14 and 15, counted behind the command's closing bracket (proc(5)). */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S;
}

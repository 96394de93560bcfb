/** The promise itself, seen from the operating system: no PUBACK leaves before the sync that its reading needs. */
import { execFileSync } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { startBenchServer } from './bench-server.ts';
import { above, exactly, type Figure, figure } from './figure.ts';
import { writeLargePlant } from './large-plant.ts';
import { startLoad } from './load/driver.ts';
import type { LoadOptions, LoadReport } from './load/load-options.ts';
import type { RunContext, Skipped } from './run-context.ts';
import { createSyncCheck, type SyncCheck } from './sync-check.ts';

const DEVICES = 50;
const SECONDS = 5;
const CALLS = 'read,readv,recvfrom,recvmsg,write,writev,pwrite64,pwritev,sendto,sendmsg,fsync,fdatasync';
/** As much as is ever read from a socket or written to a file at once. */
const MAX_BYTES = 1_048_576;

interface Phase {
  readonly name: string;
  readonly connections: number;
  readonly options: Partial<LoadOptions>;
}

/** Alone, a message's commit can hold nothing else; many at once overlap reads, commits and answers. */
const PHASES: readonly Phase[] = [
  { name: 'one at a time', connections: 1, options: { window: 1, ratePerS: 200 } },
  { name: 'many at once', connections: 20, options: { window: 20, ratePerS: 1_000 } },
];

export async function measureSync(context: RunContext): Promise<readonly Figure[] | Skipped> {
  if (!canTrace()) return { skipped: 'strace is not there, or may not look at processes (apt-get install strace)' };
  const figures: Figure[] = [];
  for (const phase of PHASES) figures.push(...(await tracePhase(context, phase)));
  return figures;
}

function canTrace(): boolean {
  try {
    execFileSync('strace', ['-D', '-f', '-o', '/dev/null', 'true'], { stdio: 'ignore', timeout: 10_000 });
    return true;
  } catch {
    return false;
  }
}

async function tracePhase(context: RunContext, { name, connections, options }: Phase): Promise<Figure[]> {
  const plant = writeLargePlant(context.folder, DEVICES);
  const trace = join(context.folder, `${connections}.strace`);
  const server = await startBenchServer(context, {
    config: plant.config,
    dataDir: join(context.folder, `data-${connections}`),
    wrap: ['strace', '-D', '-f', '-yy', '-xx', '-s', String(MAX_BYTES), '-e', `trace=${CALLS}`, '-o', trace],
  });
  const port = server.mqttPort;
  const plan = { ...plant, connections, payloadBytes: 120, firstTs: Date.now(), stepMs: 1 };
  const load = startLoad(context, { port, plan, seconds: context.seconds ?? SECONDS, ...options });
  const report = await load.report;
  await server.stop();
  const check = createSyncCheck({
    isBroker: (socket) => socket.includes(`:${port}->`),
    isJournal: (file) => /^readings\..*(wal|journal)/.test(basename(file)),
  });
  for await (const line of createInterface({ input: createReadStream(trace) })) check.feed(line);
  return toFigures(name, check, report);
}

function toFigures(name: string, check: SyncCheck, report: LoadReport): Figure[] {
  const { acknowledged, commits, early } = check.result();
  if (early.length > 0) console.error(early.slice(0, 5));
  return [
    figure([`${name}: acknowledged`, 'messages'], above(0), report.acknowledged),
    figure(
      [`${name}: acknowledged, and not seen in the trace`, 'messages'],
      exactly(0),
      report.acknowledged - acknowledged,
    ),
    figure([`${name}: commits synced`, 'commits'], above(0), commits),
    figure([`${name}: acknowledged before the sync`, 'messages'], exactly(0), early.length),
  ];
}

/** Devices that are connected and have nothing to say: what each costs in memory. */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startBenchServer } from './bench-server.ts';
import { below, exactly, type Figure, figure, noBar } from './figure.ts';
import { writeLargePlant } from './large-plant.ts';
import { startLoad } from './load/driver.ts';
import { openFilesLimit, residentMb } from './proc.ts';
import type { RunContext, Skipped } from './run-context.ts';

const CONNECTIONS = 10_000;
/** The descriptors of each process stay far below the usual limit so. */
const GENERATORS = 2;
/** What a server holds open beside its clients. */
const SPARE_FILES = 200;
const SECONDS = 30;
const MAX_RSS_MB = 350;

export async function measureIdle(context: RunContext): Promise<readonly Figure[] | Skipped> {
  const files = openFilesLimit();
  if (files < CONNECTIONS + SPARE_FILES) {
    return { skipped: `${CONNECTIONS} connections need as many open files; this shell allows ${files} (ulimit -n)` };
  }
  const plant = writeLargePlant(context.folder, CONNECTIONS);
  const server = await startBenchServer(context, { config: plant.config, dataDir: join(context.folder, 'data') });
  const aloneMb = residentMb(server.pid);
  const loads = Array.from({ length: GENERATORS }, () => {
    const plan = { ...plant, connections: CONNECTIONS / GENERATORS, payloadBytes: 0, firstTs: 0, stepMs: 1 };
    return startLoad(context, { port: server.mqttPort, plan, window: 0 });
  });
  for (const load of loads) await load.ready;
  let rssMb = 0;
  for (let second = 0; second < (context.seconds ?? SECONDS); second++) {
    rssMb = Math.max(rssMb, residentMb(server.pid));
    await delay(1_000);
  }
  const { broker } = await server.get<{ broker: { clients: number } }>('/api/health');
  for (const load of loads) await load.stop();
  await server.stop();
  return [
    figure(['idle devices connected', 'clients'], exactly(CONNECTIONS), broker.clients),
    figure(['resident memory before they come', 'MB'], noBar, aloneMb),
    figure(['resident memory with them, highest', 'MB'], below(MAX_RSS_MB), rssMb),
  ];
}

/** What 30 days of the demo village weigh on disk, sent through the whole server as its devices tell them. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { startBenchServer } from './bench-server.ts';
import { startChild } from './child.ts';
import { atMost, exactly, type Figure, figure, noBar } from './figure.ts';
import type { RunContext } from './run-context.ts';

const DAYS = 30;
const WITHIN_MS = 30 * 60_000;
const MAX_BYTES_A_READING = 8;

export async function measureDisk(context: RunContext): Promise<readonly Figure[]> {
  const dataDir = join(context.folder, 'data');
  // Without the simulator: the village comes from outside, and untouched by the thinning of a back-fill.
  const parts = ['broker', 'ingest', 'dashboard'];
  const server = await startBenchServer(context, { config: null, dataDir, parts });
  const startedAt = Date.now();
  const village = startChild(context, 'village.ts', { mqttPort: server.mqttPort, days: DAYS });
  const delivered = await village.next<number>('delivered', WITHIN_MS);
  const deliveredS = (Date.now() - startedAt) / 1_000;
  const { ingest } = await server.health();
  await server.stop();
  const before = folderBytes(dataDir);
  const compact = startChild(context, 'compact.ts', { file: join(dataDir, 'readings.db') });
  const compactS = await compact.next<number>('compacted', WITHIN_MS);
  const bytes = folderBytes(dataDir);
  return [
    figure([`readings of the village in ${DAYS} days`, 'readings'], noBar, ingest.stored),
    figure(['delivered and not stored', 'readings'], exactly(0), delivered - ingest.stored),
    figure(['delivering them', 's'], noBar, deliveredS),
    figure(['data folder, as the server left it', 'MB'], noBar, before / 1e6),
    figure(['data folder, compacted', 'MB'], noBar, bytes / 1e6),
    figure(['compacting', 's'], noBar, compactS),
    figure(['bytes a reading, compacted', 'bytes'], atMost(MAX_BYTES_A_READING), bytes / ingest.stored),
  ];
}

function folderBytes(folder: string): number {
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}

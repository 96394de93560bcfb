/** An InfluxDB of its own for a run, and a server that stores in it. */
import { join } from 'node:path';
import { eventually } from '../test/harness/process.ts';
import { hasInfluxd, type Influxd, NO_INFLUXD, startInfluxd } from '../test/ingest/store/influxd.ts';
import { type BenchServer, startBenchServer } from './bench-server.ts';
import type { RunContext, Skipped } from './run-context.ts';

export const DATABASE = 'aimak';

export const cannotRun: Skipped | null = hasInfluxd ? null : { skipped: NO_INFLUXD };

export function startOwnInfluxd(context: RunContext): Promise<Influxd> {
  return startInfluxd({ folder: join(context.folder, 'influxdb'), own: (child) => void context.own(child) });
}

export function startOnInflux(
  context: RunContext,
  influxd: Influxd,
  { config, dataDir }: { config: string; dataDir: string },
): Promise<BenchServer> {
  const store = ['--store', 'influx', '--influx-url', influxd.url, '--influx-api', 'v1', '--influx-bucket', DATABASE];
  return startBenchServer(context, { config, dataDir, parts: store });
}

export interface InfluxHealth {
  readonly reachable: boolean;
  /** Readings. */
  readonly pending: number;
  readonly pendingBytes: number;
  readonly deadLetters: number;
}

export async function storeHealth(server: BenchServer): Promise<InfluxHealth> {
  return (await server.get<{ store: InfluxHealth }>('/api/health')).store;
}

export async function whenDrained(server: BenchServer, withinMs: number): Promise<void> {
  await eventually(
    () => storeHealth(server),
    ({ pending }) => pending === 0,
    withinMs,
  );
}

/** Readings come in: as many as are acknowledged, at a rate, or one after the other. */
import { join } from 'node:path';
import { writeLargePlant } from '../../large-plant.ts';
import { startLoad } from '../../load/driver.ts';
import type { LoadOptions, LoadReport } from '../../load/load-options.ts';
import { type CompareRun, less, more, shown, type Turn } from '../compare-run.ts';

const DEVICES = 667;
const SECONDS = 20;
const WARM_UP_S = 5;

const ACKNOWLEDGED = 'acknowledged';
const CPU = 'CPU a message';
const DISK = 'written to the disk a message';
const P50 = 'publish to PUBACK, p50';
const P99 = 'publish to PUBACK, p99';

/** 50 connections with 100 unacknowledged messages each, on an empty store. */
export const full: CompareRun = {
  figures: [more(ACKNOWLEDGED, 'msg/s'), less(CPU, 'us'), less(DISK, 'B'), shown(P50, 'ms'), shown(P99, 'ms')],
  measure: (turn) => measureLoad(turn, { connections: 50 }),
};

/** So many messages a second of 50 connections. At few of them a longer time is measured. */
export function rate(ratePerS: number, seconds = SECONDS): CompareRun {
  return {
    figures: [more(ACKNOWLEDGED, 'msg/s'), less(CPU, 'us'), less(DISK, 'B'), shown(P50, 'ms'), shown(P99, 'ms')],
    measure: (turn) => measureLoad(turn, { connections: 50, ratePerS, seconds }),
  };
}

/** One device that waits for each acknowledgement. */
export const lone: CompareRun = {
  figures: [more(ACKNOWLEDGED, 'msg/s'), less(CPU, 'us'), less(DISK, 'B'), shown(P50, 'ms'), shown(P99, 'ms')],
  measure: (turn) => measureLoad(turn, { connections: 1, window: 1 }),
};

async function measureLoad(
  { context, folder, start }: Turn,
  { connections, ...options }: Partial<LoadOptions> & { readonly connections: number },
): Promise<number[]> {
  const plant = writeLargePlant(folder, DEVICES);
  const server = await start({ config: plant.config, dataDir: join(folder, 'data') });
  const plan = { ...plant, connections, payloadBytes: 120, firstTs: Date.now(), stepMs: 1 };
  const report = await startLoad(context, {
    seconds: SECONDS,
    ...options,
    // A shorter time is for trying out.
    ...(context.seconds === undefined ? {} : { seconds: context.seconds }),
    port: server.mqttPort,
    plan,
    warmUpS: WARM_UP_S,
    watchPid: server.pid,
  }).report;
  await server.stop();
  return toFigures(report);
}

function toFigures({ measured, unanswered, lost }: LoadReport): number[] {
  if (unanswered > 0 || lost > 0) throw new Error(`${unanswered} messages without an answer, ${lost} connections lost`);
  const messages = measured.acknowledgedPerS * measured.seconds;
  return [
    measured.acknowledgedPerS,
    (measured.watchedCpuS * 1e6) / messages,
    measured.watchedWrittenBytes / messages,
    measured.p50Ms,
    measured.p99Ms,
  ];
}

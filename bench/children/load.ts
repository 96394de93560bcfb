/** Load generator, in a process of its own: publishes as `LoadOptions` say, and reports what was acknowledged, and how fast. */
import { writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type DeviceConnection, openConnection } from '../load/device-connection.ts';
import { createHistogram } from '../load/histogram.ts';
import type { LoadOptions, LoadProgress, LoadReport } from '../load/load-options.ts';
import { createMessageWriter } from '../load/message-writer.ts';
import { type Pacing, startPacing } from '../load/pacing.ts';
import { cpuSeconds, writtenBytes } from '../proc.ts';
import { onWord, readOptions, tellParent } from './parent.ts';

const PROGRESS_EVERY_MS = 250;
/** Fewer than a listener's usual queue of 511, so that no connection waits for a second try. */
const CONNECTING_AT_ONCE = 200;
const CONNECT_WITHIN_MS = 60_000;
/** For what is still on its way at the end. */
const DRAIN_MS = 20_000;

const options = await readOptions<LoadOptions>();
const { connections } = options.plan;
const latency = createHistogram();
const acknowledged: number[] = [];
const counts = { sent: 0, acknowledged: 0, unexpected: 0, connected: 0, lost: 0 };
let pacing: Pacing | null = null;
const stopped = Promise.withResolvers<void>();

const writer = createMessageWriter(options.plan, options.qos);
const hooks = {
  onReady: () => {
    counts.connected++;
  },
  onSent: () => {
    counts.sent++;
  },
  onAcknowledged(n: number, tookMs: number) {
    counts.acknowledged++;
    latency.record(tookMs);
    if (options.ackFile !== null) acknowledged.push(n);
    if (counts.acknowledged === options.messages) stopped.resolve();
  },
  onUnexpected: () => {
    counts.unexpected++;
  },
  onRoom: (connection: DeviceConnection) => pacing?.wake(connection),
  onClosed(wasReady: boolean) {
    if (wasReady) counts.connected--;
    counts.lost++;
    if (counts.connected === 0 && !options.isReturning) stopped.resolve();
  },
};

async function connectAll() {
  const opened = [];
  const until = Date.now() + CONNECT_WITHIN_MS;
  for (let index = 0; index < connections; index++) {
    opened.push(openConnection(index, { options, writer, hooks }));
    while (opened.length - counts.connected - counts.lost >= CONNECTING_AT_ONCE && Date.now() < until) await delay(1);
  }
  while (counts.connected < connections && counts.lost === 0 && Date.now() < until) await delay(1);
  return opened;
}

const progress = (): LoadProgress => ({ atMs: Date.now(), ...counts });
/** A watched process may be gone already. */
const watch = (read: (pid: number) => number): number => {
  try {
    return options.watchPid === null ? 0 : read(options.watchPid);
  } catch {
    return Number.NaN;
  }
};

function startMeasuring(): () => LoadReport['measured'] {
  latency.clear();
  const { sent, acknowledged: before } = counts;
  const [startedAt, ownCpu] = [performance.now(), process.cpuUsage()];
  const [cpuBeforeS, bytesBefore] = [watch(cpuSeconds), watch(writtenBytes)];
  return () => {
    const seconds = (performance.now() - startedAt) / 1_000;
    const { user, system } = process.cpuUsage(ownCpu);
    return {
      seconds,
      sentPerS: (counts.sent - sent) / seconds,
      acknowledgedPerS: (counts.acknowledged - before) / seconds,
      p50Ms: latency.quantileMs(0.5),
      p99Ms: latency.quantileMs(0.99),
      maxMs: latency.maxMs(),
      ownCpuPercent: (user + system) / 1e4 / seconds,
      watchedCpuS: watch(cpuSeconds) - cpuBeforeS,
      watchedWrittenBytes: watch(writtenBytes) - bytesBefore,
    };
  };
}

onWord((word) => {
  if (word === 'stop') stopped.resolve();
});
const devices = await connectAll();
await tellParent('ready', progress());
setInterval(() => void tellParent('progress', progress()), PROGRESS_EVERY_MS);
pacing = startPacing(devices, options.ratePerS);
await Promise.race([delay(options.warmUpS * 1_000), stopped.promise]);
const measure = startMeasuring();
await tellParent('measuring', progress());
const end = options.seconds === null ? new Promise<never>(() => {}) : delay(options.seconds * 1_000);
await Promise.race([end, stopped.promise]);
pacing.stop();
const measured = measure();

const unanswered = (): number => devices.reduce((sum, device) => sum + device.unanswered(), 0);
const drainUntil = Date.now() + DRAIN_MS;
while (unanswered() > 0 && counts.connected > 0 && Date.now() < drainUntil) await delay(5);
if (options.ackFile !== null) writeFileSync(options.ackFile, Buffer.from(Float64Array.from(acknowledged).buffer));
const report: LoadReport = { ...progress(), measured, unanswered: unanswered(), unexpected: counts.unexpected };
await tellParent('report', report);
process.exit(0);

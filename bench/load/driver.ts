/** The bench's side of the load generator. */
import { readFileSync } from 'node:fs';
import { startChild } from '../child.ts';
import type { RunContext } from '../run-context.ts';
import type { LoadOptions, LoadProgress, LoadReport } from './load-options.ts';

export interface Load {
  /** Every connection has been let in. */
  readonly ready: Promise<LoadProgress>;
  readonly report: Promise<LoadReport>;
  progress(): LoadProgress;
  /** No more messages; resolves when those on their way are acknowledged, or given up. */
  stop(): Promise<LoadReport>;
}

const READY_WITHIN_MS = 90_000;
/** Beside what it measures: connecting and draining. */
const SPARE_MS = 120_000;
const UNTIL_STOPPED_MS = 30 * 60_000;
const NOTHING: LoadProgress = { atMs: 0, sent: 0, acknowledged: 0, connected: 0, lost: 0 };

const DEFAULTS = {
  qos: 1,
  window: 100,
  ratePerS: null,
  warmUpS: 0,
  seconds: null,
  messages: null,
  isReturning: false,
  ackFile: null,
  watchPid: null,
} as const;

export function startLoad(
  context: RunContext,
  options: Partial<LoadOptions> & Pick<LoadOptions, 'port' | 'plan'>,
): Load {
  const full: LoadOptions = { ...DEFAULTS, ...options };
  const child = startChild(context, 'load.ts', full);
  const runMs = full.seconds === null ? UNTIL_STOPPED_MS : (full.warmUpS + full.seconds) * 1_000 + SPARE_MS;
  const ready = child.next<LoadProgress>('ready', READY_WITHIN_MS);
  const report = child.next<LoadReport>('report', runMs);
  // Whoever looks at one of them only must not be ended by the other.
  for (const promise of [ready, report]) promise.catch(() => undefined);
  return {
    ready,
    report,
    progress: () => child.latest<LoadProgress>('progress') ?? NOTHING,
    stop() {
      child.tell('stop');
      return report;
    },
  };
}

/** The numbers of the acknowledged messages, from the file that `ackFile` names. */
export function readAcknowledged(file: string): Float64Array {
  const bytes = readFileSync(file);
  return new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

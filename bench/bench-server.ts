/** The servers that benches measure, each in a process of its own. */
import { once } from 'node:events';
import { join } from 'node:path';
import { type AimakProcess, ROOT, type SpawnOptions, serverArgs, spawnAimak, whenUp } from '../test/harness/process.ts';
import { startChild } from './child.ts';
import type { RunContext } from './run-context.ts';

export interface BenchServerOptions extends SpawnOptions {
  /** Absolute; null for the demo. */
  readonly config: string | null;
  readonly dataDir: string;
  /** Default: all of them. */
  readonly parts?: readonly string[];
  /** Longer than a start takes, where several start at once. */
  readonly startWithinMs?: number;
}

export interface BenchServer extends AimakProcess {
  readonly pid: number;
  /** SIGTERM; rejects where it does not end cleanly. */
  stop(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
}

export const FIRST_DEVICE = join(ROOT, 'config/first-device/aimak.yaml');
const STOP_WITHIN_MS = 10_000;
/** A bench may be one of many things that a machine does. */
const UP_WITHIN_MS = 60_000;

export async function startBenchServer(context: RunContext, options: BenchServerOptions): Promise<BenchServer> {
  const { config, dataDir, parts = [], startWithinMs } = options;
  const child = context.own(spawnAimak([...parts, ...serverArgs(config, dataDir)], options));
  const server = await whenUp(child, dataDir, startWithinMs ?? UP_WITHIN_MS);
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit', { signal: AbortSignal.timeout(STOP_WITHIN_MS) });
    child.kill(signal);
    await ended;
  };
  return {
    ...server,
    pid: child.pid ?? 0,
    async stop() {
      await end('SIGTERM');
      if (child.exitCode !== 0) throw new Error(`the server ended with ${child.exitCode}:\n${server.log()}`);
    },
    kill: () => end('SIGKILL'),
  };
}

export interface PlainServer {
  readonly port: number;
  readonly pid: number;
  kill(): void;
}

const LISTEN_WITHIN_MS = 20_000;

/** The broker without a store: it acknowledges right after JSON.parse. */
export const startCeilingServer = (context: RunContext): Promise<PlainServer> =>
  startPlain(context, 'ceiling-server.ts');

/** Acknowledges without looking: the limit of the load generator. */
export const startAnsweringServer = (context: RunContext): Promise<PlainServer> =>
  startPlain(context, 'answering-server.ts');

async function startPlain(context: RunContext, file: string): Promise<PlainServer> {
  const child = startChild(context, file, {});
  const port = await child.next<number>('listening', LISTEN_WITHIN_MS);
  return { port, pid: child.process.pid ?? 0, kill: () => child.process.kill('SIGKILL') };
}

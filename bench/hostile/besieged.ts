/** The server that is attacked: with a small heap, and started again where it has died. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type BenchServer, FIRST_DEVICE, startBenchServer } from '../bench-server.ts';
import { type Heap, INSPECTED, openHeap } from '../heap.ts';
import type { RunContext } from '../run-context.ts';

const HEAP_MB = 256;

interface Started extends BenchServer {
  readonly heap: Heap;
  readonly startS: number;
  /** Bytes of all it has said. */
  logBytes(): number;
}

export interface BesiegedServer {
  server(): Started;
  /** It is alive, and does not merely exist. */
  answers(): Promise<boolean>;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Starts it again where it has died, or hangs. */
  revive(): Promise<void>;
  deaths(): number;
  /** Times that it did not start on what it had kept, but without. */
  lostStarts(): number;
}

export async function startBesieged(context: RunContext, dataDir: string): Promise<BesiegedServer> {
  let server = await start(context, dataDir);
  let deaths = 0;
  let lostStarts = 0;
  const isAlive = (): boolean => server.process.exitCode === null && server.process.signalCode === null;
  return {
    server: () => server,
    answers: async () => isAlive() && (await isAnswering(server)),
    async start() {
      server = await start(context, dataDir);
    },
    async stop() {
      server.heap.close();
      if (!isAlive()) return;
      await server.stop().catch((error: Error) => {
        deaths++;
        context.say(`the server does not stop: ${error.message.slice(-600)}`);
        return server.kill();
      });
    },
    async revive() {
      deaths++;
      context.say(`the server has died, or hangs: ${server.log().slice(-600)}`);
      await server.kill();
      server = await start(context, dataDir).catch((error: Error) => {
        lostStarts++;
        context.say(`and does not start again on what it kept: ${error.message.slice(-600)}`);
        rmSync(join(dataDir, 'broker.db'), { force: true });
        return start(context, dataDir);
      });
    },
    deaths: () => deaths,
    lostStarts: () => lostStarts,
  };
}

const ANSWER_WITHIN_MS = 15_000;

function isAnswering({ url }: BenchServer): Promise<boolean> {
  return fetch(`${url}/api/live`, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) }).then(
    ({ ok }) => ok,
    () => false,
  );
}

async function start(context: RunContext, dataDir: string): Promise<Started> {
  const env = { NODE_OPTIONS: `--max-old-space-size=${HEAP_MB} ${INSPECTED}` };
  const startedAt = performance.now();
  const server = await startBenchServer(context, { config: FIRST_DEVICE, dataDir, env });
  const startS = (performance.now() - startedAt) / 1_000;
  // The thread that reads begins with the first question, which is no attacker's.
  await fetch(`${server.url}/api/history?device=tank-1-level&metric=level`);
  const heap = await openHeap(server.log);
  let logBytes = 0;
  for (const stream of [server.process.stdout, server.process.stderr]) {
    stream?.on('data', ({ length }: Buffer) => {
      logBytes += length;
    });
  }
  return { ...server, heap, startS, logBytes: () => logBytes };
}

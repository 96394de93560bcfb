/** A whole Aimak Watch in a process of its own, on free ports. Without a test runner, since benches start it too. */
import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';

export const ROOT = resolve(import.meta.dirname, '../..');
const START_WITHIN_MS = 20_000;
/** A server that complains without end must not fill the memory of whoever watches it. */
const MAX_LOG_CHARS = 4_000_000;

export interface Health {
  readonly status: string;
  readonly ingest: {
    readonly received: number;
    readonly stored: number;
    readonly duplicates: number;
    readonly rejected: Record<string, number>;
    readonly inFlight: number;
  };
  readonly store: { readonly reachable: boolean; readonly reason: string | null; readonly oldestPendingMs: number };
  readonly clock: { readonly ok: boolean; readonly reason: string | null };
  readonly alarms: { readonly unsaved: number; readonly dropped: number };
}

export interface AimakProcess {
  readonly url: string;
  readonly mqttPort: number;
  readonly process: ChildProcess;
  log(): string;
  get<T = unknown>(path: string): Promise<T>;
  health(): Promise<Health>;
}

export interface SpawnOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** A command that runs the server in its own place, such as `strace -D`: the child's pid is the server's. */
  readonly wrap?: readonly string[];
  /** Another checkout of the project, run by the Node of its own packages. */
  readonly root?: string;
}

type AimakChild = ChildProcessByStdio<null, Readable, Readable>;

/** The command, running on. */
export function spawnAimak(
  args: readonly string[],
  { env = {}, wrap = [], root = ROOT }: SpawnOptions = {},
): AimakChild {
  const node = root === ROOT ? process.execPath : join(root, 'node_modules/.bin/node');
  const [command = node, ...rest] = [...wrap, node, join(root, 'app/start.js'), ...args];
  return spawn(command, rest, { env: { ...cleanEnv(), ...env }, cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Options for a server on free ports. `config`: an absolute path; null for the demo. */
export function serverArgs(config: string | null, dataDir: string): string[] {
  const files = config === null ? [] : ['--config', config];
  return [...files, '--data-dir', dataDir, '--http-port', '0', '--mqtt-port', '0'];
}

/** Resolves once the server answers; rejects, with what it said, where it ends instead. */
export async function whenUp(child: AimakChild, dataDir: string, withinMs = START_WITHIN_MS): Promise<AimakProcess> {
  const log = gatherLog(child);
  const run = await eventually(
    () => {
      if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}:\n${log()}`);
      return readRun(join(dataDir, 'run.json'));
    },
    (found) => found.pid === child.pid,
    withinMs,
  ).catch((error: Error) => {
    throw new Error(`the server is not up: ${error.message}\n${log()}`);
  });
  const url = `http://127.0.0.1:${run.httpPort}`;
  const get = async <T>(path: string): Promise<T> => (await (await fetch(url + path)).json()) as T;
  return { url, mqttPort: run.mqttPort, process: child, log, get, health: () => get<Health>('/api/health') };
}

/** Asks until the answer fits: for what another process does in its own time. */
export async function eventually<T>(
  ask: () => Promise<T> | T,
  fits: (answer: T) => boolean,
  withinMs = 10_000,
): Promise<T> {
  const until = Date.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (fits(answer)) return answer;
    if (Date.now() > until) throw new Error(`not within ${withinMs} ms; last answer: ${JSON.stringify(answer)}`);
    await delay(20);
  }
}

function gatherLog(child: AimakChild): () => string {
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      log = (log + chunk.toString()).slice(-MAX_LOG_CHARS);
    });
  }
  return () => log;
}

/** Empty while it is not there, or half written. */
function readRun(file: string): { httpPort: number; mqttPort: number; pid: number } {
  const none = { httpPort: 0, mqttPort: 0, pid: 0 };
  try {
    return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : none;
  } catch {
    return none;
  }
}

function cleanEnv(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('AIMAK_')));
}

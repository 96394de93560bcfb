/** A whole Aimak Watch in a process of its own, on free ports, with its data in a temporary folder. */
import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, expect } from 'vitest';

export const ROOT = resolve(import.meta.dirname, '../..');
const MAIN = join(ROOT, 'app/main.ts');

export interface ServerOptions {
  /** Relative to the repository. Default: the plant of one reservoir. */
  readonly config?: string;
  /** To start again on the data of an earlier run. */
  readonly dataDir?: string;
  readonly args?: readonly string[];
}

export interface Health {
  readonly status: string;
  readonly ingest: {
    readonly received: number;
    readonly stored: number;
    readonly duplicates: number;
    readonly rejected: Record<string, number>;
    readonly inFlight: number;
  };
}

export interface TestServer {
  readonly url: string;
  readonly mqttUrl: string;
  readonly mqttPort: number;
  readonly dataDir: string;
  readonly process: ChildProcess;
  log(): string;
  get<T = unknown>(path: string): Promise<T>;
  health(): Promise<Health>;
  /** Checks that the count closes, sends SIGTERM and waits. Gives the exit code. */
  stop(): Promise<number | null>;
  kill(): Promise<void>;
}

const folders: string[] = [];
const children = new Set<ChildProcess>();

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'aimak-test-'));
  folders.push(folder);
  return folder;
}

// Registered when a test file loads this, and so the last of its hooks to run: whatever a failure left behind.
afterAll(() => {
  for (const child of children) if (child.exitCode === null) child.kill('SIGKILL');
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

export async function startServer(options: ServerOptions = {}): Promise<TestServer> {
  const { config = 'config/first-device/aimak.yaml', dataDir = temporaryFolder(), args = [] } = options;
  const all = [...args, '--config', join(ROOT, config), '--data-dir', dataDir, '--http-port', '0', '--mqtt-port', '0'];
  const child = spawnAimak(all);
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      log += chunk.toString();
    });
  }
  const run = await runFile(dataDir, child, () => log);
  const url = `http://127.0.0.1:${run.httpPort}`;
  const get = async <T>(path: string): Promise<T> => (await (await fetch(url + path)).json()) as T;
  const health = (): Promise<Health> => get<Health>('/api/health');
  return {
    url,
    mqttUrl: `mqtt://127.0.0.1:${run.mqttPort}`,
    mqttPort: run.mqttPort,
    dataDir,
    process: child,
    log: () => log,
    get,
    health,
    async stop() {
      const last = await health();
      expectClosed(last);
      expect(last.ingest.inFlight).toBe(0);
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
      return child.exitCode;
    },
    async kill() {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}

/** Contract 2.7: received = stored + duplicates + rejected + inFlight. */
export function expectClosed({ ingest }: Health): void {
  const rejected = Object.values(ingest.rejected).reduce((sum, n) => sum + n, 0);
  expect(ingest.stored + ingest.duplicates + rejected + ingest.inFlight).toBe(ingest.received);
}

/** The command, running on. */
export function spawnAimak(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): ChildProcessByStdio<null, Readable, Readable> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...cleanEnv(), ...env },
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.add(child);
  return child;
}

/** Runs the command to its end. */
export async function runAimak(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawnAimak(args, env);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  await once(child, 'close');
  return { code: child.exitCode, stdout, stderr };
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

function cleanEnv(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('AIMAK_')));
}

async function runFile(
  dataDir: string,
  child: ChildProcess,
  log: () => string,
): Promise<{ httpPort: number; mqttPort: number; pid: number }> {
  const file = join(dataDir, 'run.json');
  return await eventually(
    () => {
      if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}:\n${log()}`);
      return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8') || '{}') : {};
    },
    (run) => run.pid === child.pid,
    20_000,
  );
}

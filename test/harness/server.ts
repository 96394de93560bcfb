/** A whole Aimak Watch for tests: its data in a temporary folder, all of it gone when the test file ends. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';
import {
  type AimakProcess,
  eventually,
  type Health,
  ROOT,
  serverArgs,
  spawnAimak as spawnProcess,
  whenUp,
} from './process.ts';

/** Tests come to this file alone. */
export { eventually, type Health, ROOT };

export interface ServerOptions {
  /** Relative to the repository. Default: the plant of one reservoir. */
  readonly config?: string;
  /** To start again on the data of an earlier run. */
  readonly dataDir?: string;
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

export interface TestServer extends AimakProcess {
  readonly mqttUrl: string;
  readonly dataDir: string;
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
  const { config = 'config/first-device/aimak.yaml', dataDir = temporaryFolder(), args = [], env } = options;
  const child = spawnAimak([...args, ...serverArgs(join(ROOT, config), dataDir)], env);
  const server = await whenUp(child, dataDir);
  return {
    ...server,
    mqttUrl: `mqtt://127.0.0.1:${server.mqttPort}`,
    dataDir,
    async stop() {
      const last = await server.health();
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
export function spawnAimak(args: readonly string[], env: NodeJS.ProcessEnv = {}): ReturnType<typeof spawnProcess> {
  const child = spawnProcess(args, { env });
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

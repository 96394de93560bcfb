/** A whole Aimak Watch in a process of its own, for benches: free ports, data where the bench says. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const ROOT = resolve(import.meta.dirname, '..');
const START_MS = 20_000;

export interface BenchServer {
  readonly process: ChildProcess;
  readonly url: string;
  readonly mqttPort: number;
}

/** `config` relative to the repository; null: the demo. */
export async function startBenchServer(dataDir: string, config: string | null): Promise<BenchServer> {
  const files = config === null ? [] : ['--config', join(ROOT, config)];
  const args = [join(ROOT, 'app/main.ts'), ...files, '--data-dir', dataDir, '--http-port', '0', '--mqtt-port', '0'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const until = Date.now() + START_MS;
  for (;;) {
    const run = readRun(join(dataDir, 'run.json'));
    if (run && run.pid === child.pid)
      return { process: child, url: `http://127.0.0.1:${run.httpPort}`, mqttPort: run.mqttPort };
    if (child.exitCode !== null || Date.now() > until) throw new Error('the server did not start');
    await delay(20);
  }
}

/** Null while it is not there, or half written. */
function readRun(file: string): { pid: number; httpPort: number; mqttPort: number } | null {
  try {
    return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null;
  } catch {
    return null;
  }
}

/** Whoever signals one process of `npm start` stops the server (issue 22, 16). */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually, ROOT, startServer, temporaryFolder } from '../harness/server.ts';

const STARTED_WITHIN_MS = 25_000;
const GONE_WITHIN_MS = 5_000;
const LIVES_ON_MS = 2_000;

interface Chain {
  readonly url: string;
  readonly dataDir: string;
  /** From npm, or what started it, down to the server. */
  readonly pids: readonly number[];
}

const left: number[] = [];
afterEach(() => {
  for (const pid of left.splice(0)) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
});

/** By a shell, which npm takes the place of, if the command does not say otherwise. */
async function startByNpm(command = 'exec npm start --', ending = ''): Promise<Chain> {
  const dataDir = temporaryFolder();
  const args = `--config config/first-device/aimak.yaml --data-dir ${dataDir} --http-port 0 --mqtt-port 0`;
  const child = spawn('sh', ['-c', `${command} ${args} ${ending}`], { cwd: ROOT, stdio: 'ignore' });
  const top = child.pid ?? 0;
  left.push(top);
  const run = await eventually(
    () => readRun(dataDir),
    (found) => found !== null,
    STARTED_WITHIN_MS,
  );
  const pids: number[] = [];
  for (let pid = run?.pid ?? 0; pid > 1 && pid !== process.pid; pid = parentOf(pid)) pids.unshift(pid);
  left.push(...pids);
  return { url: `http://127.0.0.1:${run?.httpPort}`, dataDir, pids };
}

function readRun(dataDir: string): { readonly pid: number; readonly httpPort: number } | null {
  try {
    return JSON.parse(readFileSync(join(dataDir, 'run.json'), 'utf8'));
  } catch {
    return null;
  }
}

function parentOf(pid: number): number {
  return Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

/** A process that has ended and was not waited for yet counts as gone. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

const answers = (url: string): Promise<boolean> =>
  fetch(`${url}/api/health`).then(
    ({ ok }) => ok,
    () => false,
  );

const chances = (['SIGTERM', 'SIGKILL'] as const).flatMap((signal) =>
  (['npm', 'the shell', 'the server'] as const).map((who) => ({ signal, who })),
);

describe.skipIf(process.platform !== 'linux')('npm start (seen by /proc, so on Linux only)', () => {
  it.for(chances)('ends the server when $who gets $signal, and can be started again', async ({ signal, who }) => {
    const { url, dataDir, pids } = await startByNpm();
    const [npm = 0, shell = 0] = pids;
    const server = pids.at(-1) ?? 0;
    process.kill({ npm, 'the shell': shell, 'the server': server }[who], signal);
    await eventually(
      () => pids.some(isAlive),
      (alive) => !alive,
      GONE_WITHIN_MS,
    );
    expect(await answers(url)).toBe(false);
    const again = await startServer({ dataDir });
    await again.stop();
  });

  it('lives on where what started npm is gone', async () => {
    const { url, pids } = await startByNpm('nohup npm start --', '&');
    expect(pids).toHaveLength(3);
    await delay(LIVES_ON_MS);
    expect(await answers(url)).toBe(true);
    // Asked to end as usual, it does.
    process.kill(pids.at(-1) ?? 0, 'SIGTERM');
    await eventually(
      () => pids.some(isAlive),
      (alive) => !alive,
      GONE_WITHIN_MS,
    );
  });

  it('leaves alone what npm did not start', async () => {
    const { url, pids } = await startByNpm('node app/start.js', '&');
    expect(pids).toHaveLength(1);
    await delay(LIVES_ON_MS);
    expect(await answers(url)).toBe(true);
  });
});

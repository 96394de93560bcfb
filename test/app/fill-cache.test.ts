/** The start of a bridge on a computer with little memory (ADR 0018). */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { writeSite } from '../bridge/site-files.ts';
import { ROOT, temporaryFolder } from '../harness/server.ts';

/** As `npm start -- bridge`, until it says so. */
async function startBridge(cache: string, args: readonly string[], until: string): Promise<number | null> {
  const env = { ...process.env, NODE_COMPILE_CACHE: cache };
  const command = [join(ROOT, 'app/start.js'), 'bridge', ...args];
  const child = spawn(process.execPath, command, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let text = '';
  child.stdout.on('data', (bytes: Buffer) => {
    text += bytes.toString();
    if (text.includes(until)) child.kill('SIGTERM');
  });
  await once(child, 'exit');
  expect(text).toContain(until);
  return child.exitCode;
}

const compiledIn = (cache: string): number => readdirSync(cache, { recursive: true }).length;

it('leaves compiling to a process that ends, once', async () => {
  const cache = join(temporaryFolder(), 'cache');
  await startBridge(cache, ['--help'], '--outbox-days N');
  const compiled = compiledIn(cache);
  const fields = { level: { table: 'holding', address: 0, type: 'int16' } };
  const site = writeSite({
    devices: ['tank-1'],
    everyS: 1,
    bus: { tcp: { host: '127.0.0.1', port: 1 } },
    modbus: { fields },
  });
  const args = ['--config', site.bridge, '--mqtt-url', 'mqtt://127.0.0.1:1', '--data-dir', temporaryFolder()];
  expect(await startBridge(cache, args, 'polls 1 devices')).toBe(0);
  // Some parts of a library are looked at only when there is work for them.
  expect(compiled / compiledIn(cache)).toBeGreaterThan(0.9);
});

it('does without where nothing can be kept', async () => {
  const file = join(temporaryFolder(), 'no-folder');
  writeFileSync(file, '');
  await startBridge(join(file, 'cache'), ['--help'], '--outbox-days N');
  expect(existsSync(join(file, 'cache'))).toBe(false);
});

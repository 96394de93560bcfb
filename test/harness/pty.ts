/** Two ends of a serial line that is none: Debian's socat. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from './process.ts';

export const NO_SOCAT = spawnSync('socat', ['-V']).error ? 'socat (Debian: socat) is not installed' : null;

export interface PtyPair {
  readonly ends: readonly [string, string];
  /** As an adapter that is pulled out: both ends are gone. */
  stop(): Promise<void>;
}

export async function startPtyPair(folder: string): Promise<PtyPair> {
  const ends = [join(folder, 'ttyA'), join(folder, 'ttyB')] as const;
  const args = ends.map((end) => `pty,raw,echo=0,link=${end}`);
  const child = spawn('socat', args, { stdio: 'ignore' });
  const endNow = (): void => void child.kill();
  process.once('exit', endNow);
  await eventually(
    () => ends.every((end) => existsSync(end)),
    (isThere) => isThere,
  );
  return {
    ends,
    async stop() {
      process.off('exit', endNow);
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill();
      await ended;
    },
  };
}

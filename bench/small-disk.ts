/** A disk that fills up, for real: a small tmpfs and a ballast file, or, without root, a limit on the size of files. */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { RunContext, Skipped } from './run-context.ts';

export interface SmallDisk {
  /** Where the server's data go. */
  readonly dataDir: string;
  /** What the server is started with (see `SpawnOptions`). */
  readonly wrap: readonly string[];
  /** From now on there is no room. */
  fill(serverPid: number): void;
  free(serverPid: number): void;
}

const SIZE_MB = 64;
const BALLAST_BYTES = 64 * 1024;

export function createSmallDisk(context: RunContext): SmallDisk | Skipped {
  const folder = join(context.folder, 'small');
  mkdirSync(folder);
  if (process.getuid?.() === 0 && isMounted(context, folder)) return tmpfsDisk(folder);
  if (!hasPrlimit()) return { skipped: 'a full disk needs root (to mount a small tmpfs) or prlimit (util-linux)' };
  return limitedDisk(folder);
}

function isMounted(context: RunContext, folder: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE_MB}m`, 'aimak-bench', folder], { stdio: 'ignore' });
  } catch {
    // A container may be root and not allowed to mount.
    return false;
  }
  context.finally(() => void execFileSync('umount', ['--lazy', folder]));
  return true;
}

function tmpfsDisk(folder: string): SmallDisk {
  const ballast = join(folder, 'ballast');
  return {
    dataDir: join(folder, 'data'),
    wrap: [],
    fill: () => writeUntilFull(ballast),
    free: () => rmSync(ballast),
  };
}

function writeUntilFull(file: string): void {
  const fd = openSync(file, 'w');
  try {
    for (const bytes of [BALLAST_BYTES, 1]) fillWith(fd, Buffer.alloc(bytes));
  } finally {
    closeSync(fd);
  }
}

function fillWith(fd: number, block: Buffer): void {
  try {
    while (writeSync(fd, block) > 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}

function hasPrlimit(): boolean {
  try {
    execFileSync('prlimit', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** The limit sends a signal, too, which ends a process that does not ignore it. */
function limitedDisk(folder: string): SmallDisk {
  const limit = (pid: number, bytes: string): void => {
    execFileSync('prlimit', ['--pid', String(pid), `--fsize=${bytes}:`]);
  };
  return {
    dataDir: join(folder, 'data'),
    wrap: ['bash', '-c', 'trap "" XFSZ; exec "$@"', 'bash'],
    fill: (pid) => limit(pid, '1'),
    free: (pid) => limit(pid, 'unlimited'),
  };
}

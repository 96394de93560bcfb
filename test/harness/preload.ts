/** The libraries of `bench/preload`, compiled for this machine: what a disk can do to a process. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from './process.ts';

/** Why they cannot be used here; null where they can. */
export const NO_PRELOAD: string | null =
  process.platform !== 'linux'
    ? 'LD_PRELOAD is of Linux'
    : spawnSync('gcc', ['--version']).error
      ? 'gcc (Debian: gcc libc6-dev) is not installed'
      : null;

/** Compiles `bench/preload/NAME.c` into a folder. Gives the library's path. */
export function compilePreload(name: 'hang' | 'powercut', folder: string): string {
  const library = join(folder, `${name}.so`);
  const source = join(ROOT, `bench/preload/${name}.c`);
  const { status, stderr } = spawnSync('gcc', ['-O2', '-Wall', '-shared', '-fPIC', '-o', library, source, '-ldl'], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${source} cannot be compiled:\n${stderr}`);
  return library;
}

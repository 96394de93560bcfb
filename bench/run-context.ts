/** What a run is given: its options, a folder of its own, and the care for whatever it leaves behind. */
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Figure } from './figure.ts';

export interface RunOptions {
  /** Each run has its own defaults. */
  readonly rounds: number | undefined;
  readonly seconds: number | undefined;
  readonly repeats: number | undefined;
  /** Readings in the store before it is measured. */
  readonly prefill: number | undefined;
}

export interface RunContext extends RunOptions {
  /** Temporary, and removed when the run ends. */
  readonly folder: string;
  /** Killed when the run ends, however it ends. */
  own<C extends ChildProcess>(child: C): C;
  /** To be done when the run ends, before the folder is removed; the last first. */
  finally(task: () => void): void;
  /** A line of progress for whoever waits. */
  say(text: string): void;
}

/** A run that this machine cannot do, and why. */
export interface Skipped {
  readonly skipped: string;
}

export type Run = (context: RunContext) => Promise<readonly Figure[] | Skipped>;

/** Runs it and cleans up behind it; a run that takes too long loses its processes, and so ends. */
export async function runOnce<T>(
  run: (context: RunContext) => Promise<T>,
  options: RunOptions,
  limitMs: number,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'aimak-bench-'));
  const tasks: (() => void)[] = [() => rmSync(folder, { recursive: true, force: true })];
  const cleanUp = (): void => {
    for (const task of tasks.splice(0).reverse()) task();
  };
  process.once('exit', cleanUp);
  const tooLong = Promise.withResolvers<never>();
  const timer = setTimeout(() => tooLong.reject(new Error(`not done within ${limitMs / 60_000} min`)), limitMs);
  const context: RunContext = {
    ...options,
    folder,
    own(child) {
      tasks.push(() => child.kill('SIGKILL'));
      return child;
    },
    finally: (task) => tasks.push(task),
    say: (text) => process.stderr.write(`  ${text}\n`),
  };
  try {
    return await Promise.race([run(context), tooLong.promise]);
  } finally {
    clearTimeout(timer);
    process.off('exit', cleanUp);
    cleanUp();
  }
}

import { Presets, SingleBar } from 'cli-progress';

export interface Progress {
  /** To what is done, of the total. */
  update(done: number): void;
  advance(by: number): void;
  finish(): void;
}

/** A bar for a person at a terminal, on standard error; nothing where nobody watches. */
export function createProgress(what: string, total: number): Progress {
  const format = `${what} [{bar}] {percentage}%`;
  const bar = new SingleBar({ format, hideCursor: true, clearOnComplete: true }, Presets.shades_classic);
  bar.start(total, 0);
  return {
    update: (done) => bar.update(done),
    advance: (by) => bar.increment(by),
    finish: () => bar.stop(),
  };
}

import { Presets, SingleBar } from 'cli-progress';

export interface Progress {
  /** To what is done, of the total. */
  update(done: number): void;
  advance(by: number): void;
  finish(): void;
}

/** A bar at a terminal; elsewhere a line now and then. On standard error, beside the log. */
export function createProgress(what: string, total: number): Progress {
  const bar = new SingleBar(
    {
      format: `${what} [{bar}] {percentage}%`,
      noTTYOutput: true,
      notTTYSchedule: 5_000,
      hideCursor: true,
      clearOnComplete: true,
    },
    Presets.shades_classic,
  );
  bar.start(total, 0);
  return {
    update: (done) => bar.update(done),
    advance: (by) => bar.increment(by),
    finish: () => bar.stop(),
  };
}

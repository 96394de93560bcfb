/** When the server ran, so that it can say when it did not: nothing was recorded then, and nobody was told. */
import type { LedgerFile } from './ledger-file.ts';

/** Epoch ms. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface RunTimes {
  /** It runs: to be called at the start and about once a minute. */
  note(now: number): void;
  /** When it did not run between the first time that is known and now, oldest first. */
  gaps(): readonly Span[];
}

/** A restart is no gap. A clock that is set forward shows one: it stood still while the server was off. */
const GAP_MS = 5 * 60_000;

export function createRunTimes(file: Pick<LedgerFile, 'runs' | 'saveRun'>): RunTimes {
  const runs = [...file.runs()];

  return {
    note(now) {
      const last = runs.at(-1);
      const goesOn = last !== undefined && now >= last.to && now - last.to < GAP_MS;
      const run = { from: goesOn ? last.from : now, to: now };
      if (goesOn) runs.pop();
      runs.push(run);
      try {
        file.saveRun(run);
      } catch {
        // A full disk, which has an alarm of its own; it is tried again.
      }
    },
    gaps() {
      const [first, ...later] = runs.toSorted((a, b) => a.from - b.from);
      let seen = first?.to ?? 0;
      return later.flatMap(({ from, to }) => {
        const gap = { from: seen, to: from };
        seen = Math.max(seen, to);
        return gap.to - gap.from < GAP_MS ? [] : [gap];
      });
    },
  };
}

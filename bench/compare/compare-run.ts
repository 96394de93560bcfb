/** What a run of `bench -- compare` is: how one side is measured once, and what is asked of the ratio of each figure. */
import type { BenchServer, BenchServerOptions } from '../bench-server.ts';
import type { RunContext } from '../run-context.ts';
import type { Better } from './paired.ts';

/** One of the two commits, checked out and ready to start. */
export interface Side {
  readonly name: string;
  readonly root: string;
}

export interface ComparedFigure {
  readonly name: string;
  readonly unit: string;
  readonly better: Better;
  /** What the ratio to the base must be, at most or at least; null: shown only. */
  readonly bar: number | null;
}

/** One measurement of one side. */
export interface Turn {
  readonly context: RunContext;
  readonly side: Side;
  /** Empty at the beginning, and removed afterwards. */
  readonly folder: string;
  /** What `prepare` left for this side, to be copied and not changed; where nothing is prepared an empty folder. */
  readonly prepared: string;
  start(options: Omit<BenchServerOptions, 'root'>): Promise<BenchServer>;
}

export interface CompareRun {
  /** Fills `prepared` once for each side, through the side's own program. */
  readonly prepare?: (turn: Turn) => Promise<void>;
  readonly figures: readonly ComparedFigure[];
  /** The figures, in the order of `figures`. */
  readonly measure: (turn: Turn) => Promise<readonly number[]>;
}

/** No slower: 5 % in all since the base (issue 22). */
const NO_MORE = 1.05;
const NO_LESS = 0.95;

/** A figure of which less is better; 5 % more is borne where no issue says otherwise. */
export function less(name: string, unit: string, bar = NO_MORE): ComparedFigure {
  return { name, unit, better: 'less', bar };
}

/** A figure of which more is better. */
export function more(name: string, unit: string, bar = NO_LESS): ComparedFigure {
  return { name, unit, better: 'more', bar };
}

/** A figure that is told, not judged: less of it is better. */
export function shown(name: string, unit: string): ComparedFigure {
  return { name, unit, better: 'less', bar: null };
}

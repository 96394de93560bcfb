/** What a comparison tells: medians of both sides, the ratios of all rounds, and the verdict. */
import type { MachineInfo } from '../runner.ts';
import { median } from '../statistics.ts';
import type { ComparedFigure, CompareRun } from './compare-run.ts';
import { type Judgement, judge, type Pair } from './paired.ts';

export interface Comparison extends MachineInfo {
  /** The name of the run. Not `run`: `--table` is for figures that are not compared. */
  readonly compare: string;
  readonly base: string;
  readonly rounds: number;
  /** Busy processes beside. */
  readonly busy: number;
  /** What went wrong before there were figures. */
  readonly failed?: string;
  readonly figures: readonly JudgedFigure[];
}

interface JudgedFigure extends ComparedFigure, Judgement {
  readonly pairs: readonly Pair[];
}

export function toComparison(
  about: Omit<Comparison, 'figures'>,
  { figures }: CompareRun,
  pairs: readonly (readonly Pair[])[],
): Comparison {
  const judged = figures.map((figure, i) => {
    const own = pairs[i] ?? [];
    return { ...figure, ...judge(own, figure.better, figure.bar), pairs: own };
  });
  return { ...about, figures: judged };
}

/** Nothing is shown to be worse than it must be, and what has a bar was measured. */
export function isBorne({ failed, figures }: Comparison): boolean {
  return failed === undefined && figures.every(({ verdict }) => verdict !== 'worse' && verdict !== 'not measured');
}

export function printTable({ compare, base, failed, figures }: Comparison): void {
  if (failed === undefined) console.log(`${compare}: the working tree by ${base}`);
  else console.log(`${compare}: failed, ${failed}`);
  if (figures.length > 0) console.table(figures.map(toRow));
}

function toRow({ name, unit, better, bar, pairs, ratio, verdict }: JudgedFigure): Record<string, string> {
  const of = (which: keyof Pair): string => readable(median(pairs.map((pair) => pair[which])));
  return {
    figure: unit === '' ? name : `${name}, ${unit}`,
    base: of('base'),
    now: of('now'),
    ratio: ratio.median.toFixed(3),
    spread: `${ratio.min.toFixed(3)}..${ratio.max.toFixed(3)}`,
    bar: bar === null ? '-' : `${better === 'less' ? '<=' : '>='} ${bar}`,
    verdict,
  };
}

function readable(value: number): string {
  return String(Number(value.toPrecision(4)));
}

/** Both sides of a run measured in turn: A B, B A, A B, …, so that whatever slowly changes on the machine meets both. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { startBenchServer } from '../bench-server.ts';
import type { RunContext } from '../run-context.ts';
import type { CompareRun, Side, Turn } from './compare-run.ts';
import type { Pair } from './paired.ts';

type Which = 'base' | 'now';
const ORDERS: readonly (readonly [Which, Which])[] = [
  ['base', 'now'],
  ['now', 'base'],
];

export type Sides = Readonly<Record<Which, Side>>;

export interface Series {
  readonly context: RunContext;
  readonly sides: Sides;
  readonly name: string;
  readonly run: CompareRun;
  readonly rounds: number;
}

/** For each figure of the run its pairs, one a round. */
export async function measureRounds(series: Series): Promise<Pair[][]> {
  const { context, sides, name, run, rounds } = series;
  for (const which of ['base', 'now'] as const) {
    const folder = preparedFolder(series, which);
    mkdirSync(folder);
    await run.prepare?.(turnOf(series, sides[which], { folder, prepared: folder }));
  }
  const pairs: Pair[][] = run.figures.map(() => []);
  for (let round = 0; round < rounds; round++) {
    const got: Record<Which, readonly number[]> = { base: [], now: [] };
    for (const which of ORDERS[round % 2] ?? []) got[which] = await measureOnce(series, which);
    const latest = run.figures.map((_, i) => ({ base: got.base[i] ?? Number.NaN, now: got.now[i] ?? Number.NaN }));
    latest.forEach((pair, i) => {
      pairs[i]?.push(pair);
    });
    const ratios = run.figures.map((figure, i) => `${figure.name} ${ratioText(latest[i])}`);
    context.say(`${name}, round ${round + 1} of ${rounds}: ${ratios.join(', ')}`);
  }
  return pairs;
}

async function measureOnce(series: Series, which: Which): Promise<readonly number[]> {
  const folder = join(series.context.folder, `${series.name}-turn`);
  mkdirSync(folder);
  const turn = turnOf(series, series.sides[which], { folder, prepared: preparedFolder(series, which) });
  try {
    return await series.run.measure(turn);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function preparedFolder({ context, name }: Series, which: Which): string {
  return join(context.folder, `${name}-${which}`);
}

function turnOf({ context }: Series, side: Side, folders: Pick<Turn, 'folder' | 'prepared'>): Turn {
  return {
    ...folders,
    context,
    side,
    start: (options) => startBenchServer(context, { ...options, root: side.root }),
  };
}

function ratioText(pair: Pair | undefined): string {
  return pair === undefined ? '' : (pair.now / pair.base).toFixed(3);
}

/** `npm run bench -- compare COMMIT [RUN…]`: the working tree beside a commit, on one machine, in turn (ADR 0023). */
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../../test/harness/process.ts';
import { FIRST_DEVICE, startBenchServer } from '../bench-server.ts';
import { type RunContext, runOnce } from '../run-context.ts';
import { aboutMachine, endOnSignal, fail, toCount } from '../runner.ts';
import { checkOut } from './checkout.ts';
import type { CompareRun } from './compare-run.ts';
import { MIN_ROUNDS } from './paired.ts';
import { type Comparison, isBorne, printTable, toComparison } from './report.ts';
import { measureRounds, type Sides } from './rounds.ts';
import { history } from './runs/history.ts';
import { full, lone, rate } from './runs/load-runs.ts';
import { rest } from './runs/rest.ts';
import { start } from './runs/start.ts';

const RUNS: Readonly<Record<string, CompareRun>> = {
  full,
  'rate-20': rate(20, 40),
  'rate-2000': rate(2_000),
  'rate-10000': rate(10_000),
  'rate-20000': rate(20_000),
  lone,
  history,
  rest,
  start,
};

/** All runs with twice the rounds end before. */
const LIMIT_MS = 6 * 3_600_000;

interface Options {
  readonly commit: string;
  readonly names: readonly string[];
  readonly rounds: number;
  readonly busy: number;
  readonly asJson: boolean;
}

export async function compareCommits(args: readonly string[]): Promise<void> {
  const { seconds, ...options } = readOptions(args);
  endOnSignal();
  const none = { rounds: undefined, repeats: undefined, prefill: undefined };
  await runOnce((context) => compareAll(context, options), { ...none, seconds }, LIMIT_MS);
}

function readOptions(args: readonly string[]): Options & { readonly seconds: number | undefined } {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: {
      json: { type: 'boolean' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      load: { type: 'string' },
    },
    allowPositionals: true,
  });
  const [commit, ...names] = positionals;
  if (commit === undefined) fail('bench -- compare COMMIT [RUN…]: the commit to compare with is missing');
  const unknown = names.filter((name) => !Object.hasOwn(RUNS, name));
  if (unknown.length > 0) fail(`no run ${unknown.join(', ')} to compare; there is ${Object.keys(RUNS).join(', ')}`);
  const rounds = toCount('rounds', values.rounds) ?? MIN_ROUNDS;
  if (rounds < MIN_ROUNDS) fail(`--rounds ${rounds}: ${MIN_ROUNDS} at least, or nothing could be said (ADR 0023)`);
  return {
    commit,
    names: names.length > 0 ? names : Object.keys(RUNS),
    rounds,
    busy: toCount('load', values.load) ?? 0,
    asJson: values.json ?? false,
    seconds: toCount('seconds', values.seconds),
  };
}

async function compareAll(context: RunContext, { commit, names, rounds, busy, asJson }: Options): Promise<void> {
  const sides = { base: checkOut(context, commit), now: { name: 'working tree', root: ROOT } };
  await warmUp(context, sides);
  for (let i = 0; i < busy; i++) keepBusy(context);
  for (const name of names) {
    const run = RUNS[name];
    if (run === undefined) continue;
    const about = { compare: name, base: sides.base.name, rounds, busy, ...aboutMachine() };
    const comparison = await resultOf(about, run, () => measureRounds({ context, sides, name, run, rounds }));
    if (asJson) console.log(JSON.stringify(comparison));
    else printTable(comparison);
    if (!isBorne(comparison)) process.exitCode = 1;
  }
}

async function resultOf(
  about: Omit<Comparison, 'figures'>,
  run: CompareRun,
  measure: () => ReturnType<typeof measureRounds>,
): Promise<Comparison> {
  try {
    return toComparison(about, run, await measure());
  } catch (error) {
    console.error(error);
    return { ...about, failed: (error as Error).message, figures: [] };
  }
}

/** Each side once, uncounted: what is compiled and what the system keeps of its files is there then. */
async function warmUp(context: RunContext, sides: Sides): Promise<void> {
  for (const [which, { root }] of Object.entries(sides)) {
    const dataDir = join(context.folder, `warm-up-${which}`);
    mkdirSync(dataDir);
    await (await startBenchServer(context, { config: FIRST_DEVICE, dataDir, root })).stop();
  }
}

/** Something else that wants the processor all the time. */
function keepBusy(context: RunContext): void {
  context.own(spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }));
}

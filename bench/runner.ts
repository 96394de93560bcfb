/** What `npm run bench` and `npm run faults` have in common: names, a table or JSON, exit 1 on a missed bar. */
import { readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import type { Figure } from './figure.ts';
import { markdownTable, type Result } from './markdown-table.ts';
import { type Run, type RunOptions, runOnce } from './run-context.ts';

/** No run takes as long, unless it hangs. */
const LIMIT_MS = 45 * 60_000;

export async function runNamed(what: string, runs: Readonly<Record<string, Run>>): Promise<void> {
  const { values, positionals } = parseArgs({
    options: {
      json: { type: 'boolean' },
      table: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      repeats: { type: 'string' },
      prefill: { type: 'string' },
    },
    allowPositionals: true,
  });
  if (values.table !== undefined) {
    process.stdout.write(markdownTable(readFileSync(values.table, 'utf8')));
    return;
  }
  const options: RunOptions = {
    rounds: toCount('rounds', values.rounds),
    seconds: toCount('seconds', values.seconds),
    repeats: toCount('repeats', values.repeats),
    prefill: toCount('prefill', values.prefill),
  };
  endOnSignal();
  for (const [name, run] of chosen(what, runs, positionals)) {
    process.stderr.write(`${what} ${name}\n`);
    const result = await resultOf(name, () => runOnce(run, options, LIMIT_MS));
    report(result, values.json ?? false);
    if (!isPassed(result)) process.exitCode = 1;
  }
}

function chosen(what: string, runs: Readonly<Record<string, Run>>, names: readonly string[]): [string, Run][] {
  const unknown = names.filter((name) => !Object.hasOwn(runs, name));
  if (unknown.length > 0) fail(`no ${what} ${unknown.join(', ')}; there is ${Object.keys(runs).join(', ')}`);
  return Object.entries(runs).filter(([name]) => names.length === 0 || names.includes(name));
}

/** Undefined where the flag is not given. */
export function toCount(flag: string, text: string | undefined): number | undefined {
  if (text === undefined || /^[1-9]\d*$/.test(text)) return text === undefined ? undefined : Number(text);
  fail(`--${flag} ${text}: expected a whole number from 1 on`);
}

export function fail(sentence: string): never {
  console.error(sentence);
  process.exit(2);
}

/** A signal ends nothing by itself that `exit` could clean up behind. */
export function endOnSignal(): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
}

export type MachineInfo = Pick<Result, 'date' | 'node' | 'machine'>;

export function aboutMachine(): MachineInfo {
  const [cpu] = cpus();
  return {
    date: new Date().toISOString(),
    node: process.version,
    machine: { cpu: cpu?.model ?? '', cores: cpus().length, memoryGb: Math.round(totalmem() / 2 ** 30) },
  };
}

async function resultOf(name: string, measure: () => ReturnType<Run>): Promise<Result> {
  const about = { run: name, ...aboutMachine() };
  try {
    const outcome = await measure();
    return 'skipped' in outcome ? { ...about, ...outcome, figures: [] } : { ...about, figures: outcome };
  } catch (error) {
    console.error(error);
    return { ...about, failed: (error as Error).message, figures: [] };
  }
}

function isPassed({ failed, figures }: Result): boolean {
  return failed === undefined && figures.every(({ isMet }) => isMet);
}

function report(result: Result, asJson: boolean): void {
  if (asJson) console.log(JSON.stringify(result));
  else if (result.skipped !== undefined) console.log(`${result.run}: skipped, ${result.skipped}`);
  else if (result.failed !== undefined) console.log(`${result.run}: failed, ${result.failed}`);
  else console.table(result.figures.map(toRow));
}

function toRow({ name, value, unit, bar, isMet }: Figure): Record<string, string | number | boolean> {
  return { figure: name, value, unit, bar, met: isMet };
}

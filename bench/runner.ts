/** What `npm run bench` and `npm run faults` have in common: names, a table or JSON, exit 1 on a missed bar. */
import { parseArgs } from 'node:util';
import type { Figure } from './figure.ts';

export interface RunOptions {
  /** How often a fault is repeated; each run has its own default. */
  readonly rounds: number | undefined;
}

type Run = (options: RunOptions) => Promise<readonly Figure[]>;

export async function runNamed(what: string, runs: Readonly<Record<string, Run>>): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { json: { type: 'boolean' }, rounds: { type: 'string' } },
    allowPositionals: true,
  });
  const names = positionals.length > 0 ? positionals : Object.keys(runs);
  const unknown = names.filter((name) => !Object.hasOwn(runs, name));
  if (unknown.length > 0) {
    console.error(`no ${what} ${unknown.join(', ')}; there is ${Object.keys(runs).join(', ')}`);
    process.exitCode = 2;
    return;
  }
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
  for (const name of names) {
    const figures = (await runs[name]?.({ rounds })) ?? [];
    if (values.json) console.log(JSON.stringify({ [what]: name, node: process.version, figures }));
    else console.table(figures.map(({ name: figure, isMet, ...rest }) => ({ figure, ...rest, met: isMet })));
    if (figures.some(({ isMet }) => !isMet)) process.exitCode = 1;
  }
}

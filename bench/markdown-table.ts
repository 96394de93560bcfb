/** Figures for docs/performance.md, from the lines that `--json` printed. */
import type { Figure } from './figure.ts';

export interface Result {
  readonly run: string;
  readonly date: string;
  readonly node: string;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly memoryGb: number };
  /** Why this machine cannot do it. */
  readonly skipped?: string;
  /** What went wrong before there were figures. */
  readonly failed?: string;
  readonly figures: readonly Figure[];
}

const HEAD = '| run | figure | value | unit | bar | met | repeats |\n| --- | --- | --- | --- | --- | --- | --- |\n';

/** `text`: one JSON object a line, and whatever else a shell has written between them. The last of a run counts. */
export function markdownTable(text: string): string {
  const results = text
    .split('\n')
    .filter((line) => line.startsWith('{"run"'))
    .map((line) => JSON.parse(line) as Result);
  const latest = [...new Map(results.map((result) => [result.run, result])).values()];
  const machines = new Set(latest.map(machineLine));
  return `${[...machines].join('\n')}\n\n${HEAD}${latest.flatMap(rows).join('')}`;
}

function machineLine({ machine, node, date }: Result): string {
  return `${machine.cores} cores of ${machine.cpu}, ${machine.memoryGb} GB, Node ${node}, ${date.slice(0, 10)}`;
}

function rows({ run, skipped, failed, figures }: Result): string[] {
  if (skipped !== undefined) return [`| ${run} | skipped: ${skipped} | | | | | |\n`];
  if (failed !== undefined) return [`| ${run} | failed: ${failed.split('\n')[0]} | | | | **no** | |\n`];
  return figures.map(({ name, value, unit, bar, isMet, repeats }) => {
    const each = repeats.length > 1 ? repeats.map(readable).join(', ') : '';
    const met = bar === '-' ? '' : isMet ? 'yes' : '**no**';
    return `| ${run} | ${name} | ${readable(value)} | ${unit} | ${bar} | ${met} | ${each} |\n`;
  });
}

function readable(value: number | null): string {
  // JSON has no NaN: what could not be measured comes back as null.
  return value === null ? 'not measured' : value.toLocaleString('en-US', { maximumFractionDigits: 3 });
}

/** `npm run bench -- NAME… [--json]`: what it costs, measured on the whole process. Exits 1 on a missed bar. */
import { parseArgs } from 'node:util';
import type { Figure } from './figure.ts';
import { measureRest } from './rest.ts';

const BENCHES: Readonly<Record<string, () => Promise<readonly Figure[]>>> = { rest: measureRest };

const { values, positionals } = parseArgs({ options: { json: { type: 'boolean' } }, allowPositionals: true });
const names = positionals.length > 0 ? positionals : Object.keys(BENCHES);
const unknown = names.filter((name) => !(name in BENCHES));
if (unknown.length > 0) {
  console.error(`no bench ${unknown.join(', ')}; there is ${Object.keys(BENCHES).join(', ')}`);
  process.exit(2);
}
for (const name of names) {
  const figures = (await BENCHES[name]?.()) ?? [];
  if (values.json) console.log(JSON.stringify({ bench: name, node: process.version, figures }));
  else
    console.table(
      figures.map(({ name: figure, value, unit, bar, isMet }) => ({ figure, value, unit, bar, met: isMet })),
    );
  if (figures.some(({ isMet }) => !isMet)) process.exitCode = 1;
}

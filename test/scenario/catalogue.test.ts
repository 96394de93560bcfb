/** No kind of fault without a scenario, a test of what its devices report, and its line in the manual. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FAULT_KINDS } from '../../model/sim-fault-catalogue.ts';
import { ROOT } from '../harness/server.ts';
import { FAULTS } from './play.ts';

const kinds = [...FAULT_KINDS.values()];
const manual = readFileSync(join(ROOT, 'docs/simulator.md'), 'utf8');

it('has one scenario a kind', () => {
  expect(readdirSync(FAULTS).toSorted()).toEqual(kinds.map(({ kind }) => `${kind}.yaml`).toSorted());
});

it('has a test of what is reported for each of them', () => {
  const tests = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.test.ts'));
  const text = tests.map((name) => readFileSync(join(import.meta.dirname, name), 'utf8')).join('\n');
  expect(
    kinds.filter(({ kind }) => !new RegExp(`(play|ask|differences)\\('${kind}'|\\['${kind}',`).test(text)),
  ).toEqual([]);
});

describe('the manual', () => {
  it.each(kinds.map((kind) => [kind.kind, kind] as const))(
    'has a line on %s, with all its sizes',
    (kind, { sizes }) => {
      const line = manual.split('\n').find((each) => each.startsWith(`| \`${kind}\` |`)) ?? '';
      expect(line).not.toBe('');
      // A leak is described by what a burst is.
      const described = line.includes('as `burst`') ? `${line} \`flowM3h\` \`holeMm\`` : line;
      expect(sizes.filter(({ name }) => !described.includes(`\`${name}\``))).toEqual([]);
    },
  );
});

import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { shellWord } from '../../model/shell-word.ts';

it('leaves a plain path as it is', () => {
  expect(shellWord('/var/lib/aimak-watch/readings.db')).toBe('/var/lib/aimak-watch/readings.db');
});

it.runIf(process.platform !== 'win32')('is one word to the shell, whatever stands in it', () => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 1 }).filter((text) => !text.includes('\0')),
      (text) => {
        expect(execFileSync('sh', ['-c', `printf %s ${shellWord(text)}`], { encoding: 'utf8' })).toBe(text);
      },
    ),
    { numRuns: 30 },
  );
});

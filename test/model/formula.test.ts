import { describe, expect, it } from 'vitest';
import { parseFormula } from '../../model/formula.ts';

describe('a formula', () => {
  it.each([
    ['60 + 2 * (channel - 1)', 64],
    ['channel * 0x1000 + 0x500', 0x3500],
    ['-channel', -3],
    ['1 / litres / 2', 0.05],
    ['10 - 3 - 2', 5],
    ['2 * -litres', -20],
    ['(levelAt20mA - channel) / 16e6', 1.25e-7],
    ['  7 ', 7],
  ])('%s is calculated as on paper', (text, expected) => {
    const values = { channel: 3, litres: 10, levelAt20mA: 5 };
    expect(parseFormula(text)?.evaluate(values)).toBe(expected);
  });

  it('may be a plain number', () => {
    expect(parseFormula(0.1)?.evaluate({})).toBe(0.1);
  });

  it('names what it needs, each once', () => {
    expect(parseFormula('a * a + b')?.names).toEqual(['a', 'b']);
  });

  it.each(['', '2 +', '(1', '1)', '2 3', 'a b', '1 ^ 2', '* 3', 'process.exit()', '__proto__'])(
    'refuses "%s"',
    (text) => {
      expect(parseFormula(text)).toBeNull();
    },
  );
});

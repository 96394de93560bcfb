import { describe, expect, it } from 'vitest';
import { everything, HOUR_MS, MONDAY, net3, waterOf } from './networks.ts';

const FEET = 1 / 0.3048;

/** Two taps behind a reservoir. */
const small = (units: string): string =>
  [
    ...['[JUNCTIONS]', ' a 3 1', ' b 4 1', '[RESERVOIRS]', ' r 50', '[PIPES]', ' p r a 10 100 100'],
    ...[' q a b 10 100 100', '[OPTIONS]', ` Units ${units}`, ' Headloss H-W', '[END]', ''],
  ].join('\n');

describe('a network file that is none', () => {
  it.each([
    ['an empty file', '\n \n', /^the network file is empty$/],
    ['a file of something else', 'hello\nworld\n', /^not enough nodes in network$/],
    ['a number that is none', net3.replace(' 105    28.5 ', ' 105    x28 '), /^line 19: illegal numeric value x28/],
    [
      'an unknown node',
      net3.replace(' 103    101      103 ', ' 103 101 nope '),
      /^line \d+: undefined node nope in \[PIPES\]/,
    ],
    ['no source', '[JUNCTIONS]\n a 3\n b 4\n[PIPES]\n p a b 10 10 10\n', /^no tanks or reservoirs in network$/],
    ['a node that nothing leads to', small('CMH').replace(' b 4 1', ' b 4 1\n c 4 1'), /^line 4: .* ID: c$/],
    [
      'a pump whose curve rises',
      small('CMH').replace('[OPTIONS]', '[PUMPS]\n up a b HEAD c\n[CURVES]\n c 0 20\n c 5 30\n c 9 40\n[OPTIONS]'),
      /^line 10: invalid head curve for pump up$/,
    ],
    [
      'a tank that is fuller than full',
      small('CMH').replace('[PIPES]', '[TANKS]\n b2 9 9 0 3 5\n[PIPES]\n s b b2 9 9 9'),
      /^line 7: invalid lower\/upper levels for tank node b2$/,
    ],
    ['more faults than anybody reads', net3.replace(/\[RESERVOIRS\][\s\S]*?\[PIPES\]/, '[PIPES]'), /; and \d+ more$/],
    [
      'a rule that is none',
      everything.replace(/^IF .*$/m, 'IF nonsense'),
      /^line \d+: syntax error in \[RULES\] section$/,
    ],
    ['bytes that are no text', `${net3}\0`, /no plain text/],
    ['a line longer than EPANET can hold', `${net3}\n;${'x'.repeat(3000)}`, /^line \d+: longer than 1024 characters$/],
  ])('is refused: %s', async (_, inp, message) => {
    await expect(waterOf({ inp })).rejects.toMatchObject({
      code: 'bad-network',
      message: expect.stringMatching(message),
    });
  });
});

it.each([
  ['a head', ' r 50', ' r nan'],
  ['a roughness', 'q a b 10 100 100', 'q a b 10 100 nan'],
])('a network with %s that is no number has no solution, and says so', async (_, good, bad) => {
  const water = await waterOf({ inp: small('CMH').replace(good, bad) });
  expect(() => water.advance()).toThrow('no solution');
});

describe('a network file from another editor', () => {
  it.each([
    ['with the line ends of Windows', (inp: string) => inp.replaceAll('\n', '\r\n')],
    ['with a byte order mark', (inp: string) => `\uFEFF${inp}`],
  ])('is read %s', async (_, edit) => {
    const water = await waterOf({ inp: edit(small('CMH')) });
    water.advance();
    expect(water.pressureM('b')).toBeCloseTo(46, 1);
  });
});

describe('a network that cannot be solved as finely as is asked', () => {
  // Ten feet of a pipe of eight feet: next to no loss, and nothing to hold on to.
  it('goes on with what it has, and does not stand still', async () => {
    const water = await waterOf({ inp: small('GPM') });
    while (water.toMs < MONDAY + 6 * HOUR_MS) water.advance();
    expect(water.pressureM('b') * FEET).toBeCloseTo(46, 1);
  });
});

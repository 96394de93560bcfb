import { describe, expect, it } from 'vitest';
import { everything, net3, waterOf } from './networks.ts';

const late = everything.replace('Duration            24:00', 'Duration 400:00').replace('AT TIME 9:30', 'AT TIME 200');

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
    ['more faults than anybody reads', net3.replace(/\[RESERVOIRS\][\s\S]*?\[PIPES\]/, '[PIPES]'), /; and \d+ more$/],
    ['something by time in its second week', late, /switched 200 h after the beginning/],
  ])('is refused: %s', async (_, inp, message) => {
    await expect(waterOf({ inp })).rejects.toMatchObject({
      code: 'bad-network',
      message: expect.stringMatching(message),
    });
  });
});

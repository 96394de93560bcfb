import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPot } from '../../broker/pot.ts';

const limits = { ownBytes: 10, eachBytes: 100, totalBytes: 200 };

describe('a pot that many draw from', () => {
  it('gives nobody more than so much, and all together no more than there is', () => {
    const pot = createPot(limits);
    expect(pot.take(0, 101)).toBe(false);
    expect([pot.take(0, 100), pot.take(0, 100), pot.take(0, 100)]).toEqual([true, true, false]);
  });

  it('has something for whoever needs little when it is empty', () => {
    const pot = createPot(limits);
    for (let i = 0; i < 3; i++) pot.take(0, 100);
    pot.take(0, 30);
    expect([pot.take(0, 10), pot.take(10, 11)]).toEqual([true, false]);
  });

  it('has as much room at the end as at the beginning, whatever was taken and given back', () => {
    const step = fc.record({ who: fc.nat(3), bytes: fc.integer({ min: -60, max: 60 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const pot = createPot(limits);
        const held = [0, 0, 0, 0];
        for (const { who, bytes } of steps) {
          const has = held[who] ?? 0;
          if (bytes < 0) {
            const less = Math.min(has, -bytes);
            pot.give(has, less);
            held[who] = has - less;
          } else if (pot.take(has, bytes)) held[who] = has + bytes;
          const drawn = held.reduce((sum, each) => sum + Math.max(0, each - limits.ownBytes), 0);
          expect(drawn).toBeLessThanOrEqual(limits.totalBytes);
          expect(Math.max(...held)).toBeLessThanOrEqual(limits.eachBytes);
        }
        for (const each of held) pot.give(each, each);
        expect([0, 1].map(() => pot.take(0, 100))).toEqual([true, true]);
      }),
    );
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCounterFlow } from '../../firmware-bridge/poll/counter-flow.ts';

const MINUTE = 60_000;
const options = { windowMs: 5 * MINUTE, rollsOverAt: null, maxPerHour: 1_000 };
/** What a counter says, a minute apart, to the flow after each. */
const flowsOf = (said: readonly (number | null)[], more = {}) => {
  const flow = createCounterFlow({ ...options, ...more });
  return { flows: said.map((count, i) => flow.add(i * MINUTE, count)), resets: flow.resets() };
};

describe('the rate of a counter', () => {
  it('is what it has risen an hour, over the window, from the second reading on', () => {
    expect(flowsOf([100, 100.1, 100.2, 100.5]).flows).toEqual([undefined, 6, 6, 10]);
  });

  it('is 0 where it stands still', () => {
    expect(flowsOf([7, 7, 7]).flows).toEqual([undefined, 0, 0]);
  });

  it('looks back no further than the window', () => {
    const said = [0, 10, 20, 30, 40, 50, 50, 50, 50, 50, 50, 50];
    expect(flowsOf(said).flows.at(-1)).toBe(0);
    expect(flowsOf(said).flows[5]).toBe(600);
  });

  it('is null where the counter could not be read, and goes on after that', () => {
    expect(flowsOf([1, null, 1.2]).flows).toEqual([undefined, null, 6]);
  });

  it.each([
    ['of 16 bits', 2 ** 16, [65_530, 65_535, 4, 9]],
    ['of 32 bits', 2 ** 32, [2 ** 32 - 6, 2 ** 32 - 1, 4, 9]],
    ['of a display with six digits', 1_000_000, [999_994, 999_999, 4, 9]],
    ['of pulses of ten litres', 655.36, [655.3, 655.35, 0.04, 0.09]],
  ])('goes on over a roll-over %s', (_, rollsOverAt, said) => {
    const { flows, resets } = flowsOf(said, { rollsOverAt });
    expect(flows).toEqual([undefined, ...Array.from({ length: 3 }, () => (rollsOverAt < 1000 ? 3 : 300))]);
    expect(resets).toBe(0);
  });

  it.each([
    ['of a counter that never rolls over', null, [500, 510, 0, 10]],
    ['from the middle of the range', 2 ** 16, [30_000, 30_010, 0, 10]],
    ['that would have been more than there can be', 655.36, [600, 600.1, 0, 0.1]],
  ])('is null at a reset %s, counted, and begins anew', (_, rollsOverAt, said) => {
    const { flows, resets } = flowsOf(said, { rollsOverAt });
    expect(flows[2]).toBeNull();
    expect(flows[3]).toBeCloseTo(60 * ((said[3] ?? 0) - (said[2] ?? 0)), 6);
    expect(resets).toBe(1);
  });

  it('is never negative, whatever the counter says', () => {
    const said = fc.array(fc.option(fc.double({ min: 0, max: 65_536, noNaN: true }), { nil: null }), { maxLength: 30 });
    fc.assert(
      fc.property(said, fc.constantFrom(null, 65_536), (counts, rollsOverAt) => {
        for (const flow of flowsOf(counts, { rollsOverAt }).flows) expect(flow ?? 0).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});

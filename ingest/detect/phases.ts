/** Three phases looked at together: one that is lost, a broken neutral, no supply at all, an unbalanced motor. */
import type { PhasesWatch } from '../../model/watch.ts';
import { CALM, type Detector, isDelayed, type Standing, settle } from './detector.ts';

/** Parts of the nominal voltage (alarm semantics 3b, lighting faults 5c). */
const LOST = 0.5;
const DEAD = 0.1;
const NEUTRAL_HIGH = 1.2;
const NEUTRAL_LOW = 0.8;
/** Below this a motor stands, and its currents say nothing. */
const RUNNING_A = 1;
/** The three values of one message; those of another are not to be compared with them. */
const SAME_TIME_MS = 1_000;

export const phases: Detector<PhasesWatch, Standing> = {
  start: CALM,

  evaluate(watch, memory, sample) {
    const values: number[] = [];
    for (const { ts, value } of sample.newest) {
      if (value === null || Math.abs(ts - sample.ts) > SAME_TIME_MS) return memory;
      values.push(value);
    }
    return settle(memory, holds(watch, values), { delays: watch, sample });
  },

  facts(_watch, _memory, { newest }) {
    const [l1, l2, l3] = newest.map(({ value }) => value ?? 0);
    return { value: null, limit: null, values: { l1: l1 ?? 0, l2: l2 ?? 0, l3: l3 ?? 0 } };
  },

  isWorthKeeping: isDelayed,
};

function holds({ fault, nominalV, unbalance }: PhasesWatch, values: readonly number[]): boolean {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  switch (fault) {
    case 'loss':
      return least < LOST * nominalV && most >= LOST * nominalV && !isBrokenNeutral(least, most, nominalV);
    case 'neutral':
      return isBrokenNeutral(least, most, nominalV);
    case 'supply':
      return most < DEAD * nominalV;
    case 'unbalance': {
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      return mean >= RUNNING_A && Math.max(most - mean, mean - least) > unbalance * mean;
    }
  }
}

/** Without the neutral the phases share the voltage by their loads. */
function isBrokenNeutral(least: number, most: number, nominalV: number): boolean {
  return most > NEUTRAL_HIGH * nominalV && least < NEUTRAL_LOW * nominalV;
}

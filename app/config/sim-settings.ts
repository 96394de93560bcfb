/** Settings of the simulated village (contract 1.1, 1.2): its part of each layer, and what they make together. */
import { resolve } from 'node:path';
import { z } from 'zod';

const MAX_DAYS = 366;
const expectedSpeed = 'expected how many times faster than the clock, or max';
const expectedDays = `expected days from 0 to ${MAX_DAYS}`;
const text = z.string().min(1, 'expected some text');

export const simLayer = z
  .strictObject({
    seed: z.int('expected a whole number').nonnegative('expected 0 or more').optional(),
    backfillDays: z.number(expectedDays).min(0, expectedDays).max(MAX_DAYS, expectedDays).optional(),
    from: text.optional(),
    speed: z.union([z.number().positive(), z.literal('max')], expectedSpeed).optional(),
    scenario: text.optional(),
    truth: text.optional(),
    modbus: text.optional(),
  })
  .optional();

export type SimLayer = z.output<typeof simLayer>;

export interface SimSettings {
  readonly seed: number;
  readonly backfillDays: number;
  /** When a new village begins, as written; null: so many days back. */
  readonly from: string | null;
  /** How many times faster than the clock it catches up. */
  readonly speed: number;
  /** Absolute paths. */
  readonly scenario: string | null;
  readonly truth: string | null;
  /** The bridge file whose units it answers as. */
  readonly modbus: string | null;
}

/** Of layers, each over the one before. It delivers its past as fast as it can where nothing else is said. */
export function mergeSim(layers: readonly SimLayer[]): SimSettings {
  const sim: NonNullable<SimLayer> = Object.assign({}, ...layers);
  const { seed = 1, backfillDays = 14, from = null, speed = 'max', scenario = null, truth = null, modbus = null } = sim;
  return {
    seed,
    backfillDays,
    from,
    speed: speed === 'max' ? Number.POSITIVE_INFINITY : speed,
    scenario,
    truth,
    modbus,
  };
}

export function withAbsoluteFiles(sim: NonNullable<SimLayer>, base: string): SimLayer {
  const absolute = { ...sim };
  for (const key of ['scenario', 'truth', 'modbus'] as const) {
    const path = sim[key];
    if (path !== undefined) absolute[key] = resolve(base, path);
  }
  return absolute;
}

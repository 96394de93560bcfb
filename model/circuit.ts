/** A lighting circuit of the plant file: its lamps, who switches them, and when they are to burn. */
import { z } from 'zod';
import type { ConfigFault } from './fault.ts';
import { idSchema as id, localNameSchema as name, seriesRefSchema as seriesRef } from './schema.ts';
import { parseSunTime } from './sun.ts';

/**
 * `sunset`, `sunrise`, or an altitude of the sun's centre such as `sun-4deg` (-18 to 10), each with an offset in minutes:
 * `sunset+10m`, `sun-4deg+5m`. An altitude is passed downwards to go on, and upwards to go off.
 */
const sunTime = z
  .string()
  .refine(
    (text) => parseSunTime(text) !== null,
    'expected sunset, sunrise or an altitude of the sun like sun-4deg, with an offset like +10m',
  );
/** On the village's clocks. */
const clockTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'expected a local time like "23:30"');

const lampsSchema = z.strictObject({
  type: z.enum(['led', 'hps', 'other']),
  /** Of one lamp with its gear. */
  watt: z.number().positive(),
  count: z.int().positive(),
});

export const circuitSchema = z.strictObject({
  id,
  site: id,
  name: name.optional(),
  /** What feeds it: only lamps with photo-relays may hang on the utility's line without one. */
  cabinet: id.optional(),
  /** `cabinet`: one contactor at its command. `photo-relays`: always live, and each lamp has a relay of its own. */
  control: z.enum(['cabinet', 'photo-relays']).default('cabinet'),
  meter: seriesRef.optional(),
  contactor: seriesRef.optional(),
  lamps: z.array(lampsSchema),
  on: sunTime,
  off: sunTime,
  /** Dark in between, as some villages save money: from, to. */
  nightOff: z.tuple([clockTime, clockTime]).optional(),
  /** How much of their power the lamps take in between; of windows that overlap, the last one counts. */
  dim: z.array(z.strictObject({ from: clockTime, to: clockTime, percent: z.number().min(1).max(100) })).default([]),
});

export type Circuit = z.output<typeof circuitSchema>;
export type Lamps = Circuit['lamps'][number];

/** What cannot be true of a circuit in itself, paths from its top. */
export function circuitFaults({ cabinet, control, contactor, nightOff, dim }: Circuit): ConfigFault[] {
  const faults: ConfigFault[] = [];
  const expect = (isSo: boolean, path: (string | number)[], message: string): void => {
    if (!isSo) faults.push({ path, message });
  };
  if (control === 'cabinet') {
    expect(cabinet !== undefined, ['cabinet'], 'expected the cabinet that switches it, or control: photo-relays');
  } else {
    expect(contactor === undefined, ['contactor'], 'lamps with photo-relays have no contactor');
    expect(nightOff === undefined, ['nightOff'], 'a photo-relay knows no time');
  }
  expect(nightOff === undefined || nightOff[0] !== nightOff[1], ['nightOff'], 'expected two different times');
  dim.forEach(({ from, to }, i) => {
    expect(from !== to, ['dim', i, 'to'], 'expected another time than from');
  });
  return faults;
}

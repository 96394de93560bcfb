import { z } from 'zod';
import type { ConfigFault, Parsed } from './fault.ts';
import { parseWith } from './fault.ts';
import { METRICS, type Metric } from './metric.ts';
import { lintRegisterMap } from './register-lint.ts';
import { type RegisterMap, registerMapSchema } from './register-map.ts';
import { idSchema, kindSchema } from './schema.ts';

/** How a metric reports: `periodic`, where silence is a fault, or `on-change`, where silence means unchanged. */
type Reporting = 'periodic' | 'on-change';

/** How its sensor measures, for the simulator. */
interface Sensor {
  /** Smallest step of what it says, in the metric's unit; 0: as fine as a number is. */
  readonly resolution: number;
  /** Standard deviation of its noise, in the metric's unit. */
  readonly noise: number;
  /** The same as a part of the value: 0.004 of "0.4 %". */
  readonly noiseShare: number;
}

export interface ProfileMetric extends Metric, Sensor {
  readonly reporting: Reporting;
}

const EXACT: Sensor = { resolution: 0, noise: 0, noiseShare: 0 };

/** What one type of device reports. The simulator answers by it, ingest validates by it. */
export interface Profile {
  readonly id: string;
  /** The measurement that its readings belong to, e.g. `flow_meter`. */
  readonly kind: string;
  /** Seconds between two reports, unless a device says otherwise. */
  readonly everyS: number;
  readonly metrics: ReadonlyMap<string, ProfileMetric>;
  /** How it is read over Modbus, where it can be. */
  readonly modbus?: RegisterMap | undefined;
}

/** In the metric's unit, or as a part of the value: `0.4 %`. */
const noiseSchema = z.union([z.number().nonnegative(), z.string().regex(/^\d+(\.\d+)? ?%$/)], {
  error: 'expected a number in the unit of the metric, or a part of the value such as "0.4 %"',
});

const profileSchema = z.strictObject({
  id: idSchema,
  kind: kindSchema,
  everyS: z.number().positive(),
  metrics: z.record(
    z.string(),
    z.strictObject({
      min: z.number().optional(),
      max: z.number().optional(),
      reporting: z.enum(['periodic', 'on-change']).default('periodic'),
      resolution: z.number().positive().optional(),
      noise: noiseSchema.optional(),
    }),
  ),
  modbus: registerMapSchema.optional(),
});

export function parseProfile(raw: unknown): Parsed<Profile> {
  const parsed = parseWith(profileSchema, raw);
  if (!parsed.ok) return parsed;
  const { id, kind, everyS, modbus } = parsed.value;
  const faults: ConfigFault[] = [];
  const metrics = new Map<string, ProfileMetric>();
  for (const [name, { min, max, reporting, ...sensor }] of Object.entries(parsed.value.metrics)) {
    const base = METRICS.get(name);
    if (min !== undefined && max !== undefined && min >= max) {
      faults.push({ path: ['metrics', name, 'min'], message: `expected less than max, ${max} (got ${min})` });
    }
    if (!base) faults.push({ path: ['metrics', name], message: 'no such metric' });
    else metrics.set(name, { ...base, min: min ?? base.min, max: max ?? base.max, reporting, ...toSensor(sensor) });
  }
  const lint = modbus && faults.length === 0 ? lintRegisterMap(modbus, metrics) : [];
  faults.push(...lint.map(({ path, message }) => ({ path: ['modbus', ...path], message })));
  if (faults.length > 0) return { ok: false, faults };
  return { ok: true, value: { id, kind, everyS, metrics, modbus } };
}

function toSensor({
  resolution = 0,
  noise = 0,
}: {
  resolution?: number | undefined;
  noise?: number | string | undefined;
}): Sensor {
  if (typeof noise === 'number') return { resolution, noise, noiseShare: 0 };
  return { resolution, noise: 0, noiseShare: Number.parseFloat(noise) / 100 };
}

/** For a device without a profile: any known metric. Its yes/no values are taken to be reported on change. */
export const ANY_PROFILE: Profile = {
  id: 'any',
  kind: 'device',
  everyS: 300,
  metrics: new Map(
    [...METRICS].map(([name, m]) => [
      name,
      { ...m, ...EXACT, reporting: m.type === 'boolean' ? 'on-change' : 'periodic' },
    ]),
  ),
};

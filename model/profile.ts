import { z } from 'zod';
import type { ConfigFault, Parsed } from './fault.ts';
import { parseWith } from './fault.ts';
import { METRICS, type Metric } from './metric.ts';
import { idSchema } from './schema.ts';

/** How a metric reports: `periodic`, where silence is a fault, or `on-change`, where silence means unchanged. */
type Reporting = 'periodic' | 'on-change';

export interface ProfileMetric extends Metric {
  readonly reporting: Reporting;
}

/** What one type of device reports. The simulator answers by it, ingest validates by it. */
export interface Profile {
  readonly id: string;
  /** The measurement that its readings belong to, e.g. `flow_meter`. */
  readonly kind: string;
  /** Seconds between two reports, unless a device says otherwise. */
  readonly everyS: number;
  readonly metrics: ReadonlyMap<string, ProfileMetric>;
}

const profileSchema = z.strictObject({
  id: idSchema,
  kind: z.string().regex(/^[a-z][a-z0-9_]*$/, 'expected snake_case'),
  everyS: z.number().positive(),
  metrics: z.record(
    z.string(),
    z.strictObject({
      min: z.number().optional(),
      max: z.number().optional(),
      reporting: z.enum(['periodic', 'on-change']).default('periodic'),
    }),
  ),
});

export function parseProfile(raw: unknown): Parsed<Profile> {
  const parsed = parseWith(profileSchema, raw);
  if (!parsed.ok) return parsed;
  const { id, kind, everyS } = parsed.value;
  const faults: ConfigFault[] = [];
  const metrics = new Map<string, ProfileMetric>();
  for (const [name, { min, max, reporting }] of Object.entries(parsed.value.metrics)) {
    const base = METRICS.get(name);
    if (min !== undefined && max !== undefined && min >= max) {
      faults.push({ path: ['metrics', name, 'min'], message: `expected less than max, ${max} (got ${min})` });
    }
    if (!base) faults.push({ path: ['metrics', name], message: 'no such metric' });
    else metrics.set(name, { ...base, min: min ?? base.min, max: max ?? base.max, reporting });
  }
  if (faults.length > 0) return { ok: false, faults };
  return { ok: true, value: { id, kind, everyS, metrics } };
}

/** For a device without a profile: any known metric. Its yes/no values are taken to be reported on change. */
export const ANY_PROFILE: Profile = {
  id: 'any',
  kind: 'device',
  everyS: 300,
  metrics: new Map(
    [...METRICS].map(([name, m]) => [name, { ...m, reporting: m.type === 'boolean' ? 'on-change' : 'periodic' }]),
  ),
};

/** How the columns of a file become readings of devices: from flags, or from a small YAML file. */
import { resolve } from 'node:path';
import { Temporal } from 'temporal-polyfill';
import { z } from 'zod';
import { parseWith } from '../../model/fault.ts';
import { idSchema, seriesRefSchema } from '../../model/schema.ts';
import { readYamlFile } from '../config/yaml-file.ts';

const mappingSchema = z.strictObject({
  site: idSchema,
  time: z
    .strictObject({
      /** Default: the first column. */
      column: z.string().optional(),
      /** Of times that name no zone themselves, e.g. Asia/Bishkek or +06:00. */
      zone: z.string().refine(isZone, 'expected a time zone such as Asia/Bishkek or +06:00').default('UTC'),
    })
    .prefault({}),
  /** Column to `device.metric`. */
  columns: z
    .record(z.string(), seriesRefSchema)
    .refine((columns) => Object.keys(columns).length > 0, 'expected at least one column'),
});

export type ReplayMapping = z.output<typeof mappingSchema>;

export const MAPPING_FLAGS = ['site', 'map', 'mapping', 'time-column', 'time-zone'] as const;

/** Flags add to the YAML file that `--mapping` names, and win over it. */
export function loadMapping(
  flags: readonly (readonly [string, string])[],
): ReplayMapping | { readonly faults: readonly string[] } {
  const last = (name: string): string | undefined => flags.findLast(([flag]) => flag === name)?.[1];
  const file = last('mapping');
  const yaml = file === undefined ? null : readYamlFile(resolve(file));
  if (yaml && yaml.faults.length > 0) return { faults: yaml.faults };
  const base = (yaml?.content ?? {}) as { time?: object; columns?: object };
  const columns = flags.filter(([flag]) => flag === 'map').map(([, pair]) => splitPair(pair));
  const parsed = parseWith(mappingSchema, {
    ...base,
    ...given('site', last('site')),
    time: { ...base.time, ...given('column', last('time-column')), ...given('zone', last('time-zone')) },
    columns: { ...base.columns, ...Object.fromEntries(columns) },
  });
  if (parsed.ok) return parsed.value;
  return { faults: parsed.faults.map((fault) => yaml?.describe(fault) ?? `${fault.path.join('.')}: ${fault.message}`) };
}

function given(key: string, value: string | undefined): Record<string, string> {
  return value === undefined ? {} : { [key]: value };
}

function splitPair(pair: string): [string, string] {
  const at = pair.lastIndexOf('=');
  return [pair.slice(0, Math.max(0, at)), pair.slice(at + 1)];
}

function isZone(zone: string): boolean {
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(zone);
    return true;
  } catch {
    return false;
  }
}

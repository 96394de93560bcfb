/** Rules as data: which limit of which series opens an alarm (contract 1.4). */
import { z } from 'zod';
import type { ConfigFault, Parsed } from './fault.ts';
import { parseWith, repeatedIds } from './fault.ts';
import { METRICS } from './metric.ts';
import type { Device, Plant } from './plant.ts';
import { idSchema as id } from './schema.ts';

export const PRIORITIES = ['critical', 'high', 'medium', 'low'] as const;
export type Priority = (typeof PRIORITIES)[number];

const limitRuleSchema = z
  .strictObject({
    id,
    /** `metric` always; the others narrow it, `kind` by the asset's kind. */
    on: z.strictObject({
      metric: z.string().refine((m) => METRICS.has(m), 'no such metric'),
      kind: z.string().optional(),
      asset: id.optional(),
      device: id.optional(),
      site: id.optional(),
    }),
    below: z.number().optional(),
    above: z.number().optional(),
    is: z.boolean().optional(),
    /** In the metric's unit: how far back inside the limit before it counts as over. */
    deadband: z.number().nonnegative().default(0),
    /** How long true before raising, and false before returning, in device time. */
    onDelayS: z.number().nonnegative().default(0),
    offDelayS: z.number().nonnegative().default(0),
    priority: z.enum(PRIORITIES),
    /** What is wrong, without any inserted word. */
    title: z.strictObject({ ky: z.string(), ru: z.string(), en: z.string() }),
  })
  .refine(
    (r) => [r.below, r.above, r.is].filter((v) => v !== undefined).length === 1,
    'expected one of below, above, is',
  );

export type LimitRule = z.output<typeof limitRuleSchema>;

/** Reads a rules file's content. Without a plant (its file is broken too) references into it go unchecked. */
export function parseRules(raw: unknown, plant: Plant | null): Parsed<readonly LimitRule[]> {
  const parsed = parseWith(z.array(limitRuleSchema), raw);
  if (!parsed.ok) return parsed;
  const faults: ConfigFault[] = repeatedIds(parsed.value, 'rules').map((f) => ({ ...f, path: f.path.slice(1) }));
  parsed.value.forEach((rule, i) => {
    if (plant) faults.push(...faultsAgainst(plant, rule, i));
    const isYesNo = METRICS.get(rule.on.metric)?.type === 'boolean';
    if (isYesNo !== (rule.is !== undefined)) {
      faults.push({ path: [i], message: isYesNo ? 'a yes/no metric takes "is"' : 'a number takes "below" or "above"' });
    }
  });
  return faults.length > 0 ? { ok: false, faults } : parsed;
}

function faultsAgainst(plant: Plant, rule: LimitRule, index: number): ConfigFault[] {
  const { on } = rule;
  const refs = [
    ['asset', plant.assets],
    ['device', plant.devices],
    ['site', plant.sites],
  ] as const;
  const faults: ConfigFault[] = refs
    .filter(([key, known]) => on[key] !== undefined && !known.has(on[key]))
    .map(([key]) => ({ path: [index, 'on', key], message: `"${on[key]}" is not in the plant` }));
  // A misspelt kind would watch nothing, and nobody would know.
  const watchesNothing = watchedDevices(rule, plant).length === 0;
  if (faults.length === 0 && watchesNothing)
    faults.push({ path: [index, 'on'], message: 'no device of the plant fits' });
  return faults;
}

/** The devices whose `rule.on.metric` a rule watches. */
export function watchedDevices(rule: LimitRule, plant: Plant): readonly Device[] {
  return [...plant.devices.values()].filter((device) => ruleCovers(rule, device, plant));
}

function ruleCovers(rule: LimitRule, device: Device, plant: Plant): boolean {
  const { metric, kind, asset, device: onDevice, site } = rule.on;
  if (!device.metrics.has(metric)) return false;
  if (kind !== undefined && (device.asset === undefined || plant.assets.get(device.asset)?.kind !== kind)) return false;
  if (asset !== undefined && device.asset !== asset) return false;
  if (onDevice !== undefined && device.id !== onDevice) return false;
  return site === undefined || device.site === site;
}

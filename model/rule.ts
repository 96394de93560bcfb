/** Rules as data: what opens an alarm, and what the alarm says (contract 1.4). */
import { z } from 'zod';
import { METRICS } from './metric.ts';
import { quantitySchema } from './quantity.ts';
import { RESPOND_WITHIN_MIN, type RuleTexts, textSchema } from './rule-text.ts';
import { idSchema as id } from './schema.ts';

export const PRIORITIES = ['critical', 'high', 'medium', 'low'] as const;
export type Priority = (typeof PRIORITIES)[number];

const metric = z.string().refine((name) => METRICS.has(name), 'no such metric');

const namesSchema = z
  .union([z.string(), z.array(z.string()).min(1)], 'expected a name or a list of names')
  .transform((names) => [names].flat());
const metricsSchema = namesSchema.superRefine((names, context) => {
  for (const name of names) {
    if (!METRICS.has(name)) context.addIssue({ code: 'custom', message: 'no such metric', input: name });
  }
});

/** Which devices are meant: every condition named must hold. */
const selectorShape = {
  /** Of the device's asset. */
  kind: namesSchema.optional(),
  asset: id.optional(),
  device: id.optional(),
  site: id.optional(),
  profile: id.optional(),
  /** Whether it speaks for others. */
  gateway: z.boolean().optional(),
};
const onDevices = z.strictObject(selectorShape).default({});
const onMetrics = z.strictObject({ metric: metricsSchema, ...selectorShape });

const seconds = z.number().nonnegative().optional();
/** How long true before raising, and false before returning, in device time. */
const delays = { onDelayS: seconds, offDelayS: seconds };
/** How far back inside the limit before it counts as over. */
const deadband = quantitySchema.optional();
const hours = z.number().positive();

/** What each kind of rule can be tuned by: for all, or for one asset or device. */
const TUNABLE = {
  limit: {
    below: quantitySchema.optional(),
    above: quantitySchema.optional(),
    is: z.boolean().optional(),
    deadband,
    ...delays,
    /** Judged is the mean of so long a time. */
    meanS: z.number().positive().optional(),
  },
  /** Both per hour, in the metric's unit. */
  rate: {
    rises: quantitySchema.optional(),
    falls: quantitySchema.optional(),
    overS: z.number().positive().optional(),
    deadband,
    ...delays,
  },
  silence: { intervals: z.number().positive().optional(), afterS: seconds, offDelayS: seconds },
  frozen: { forH: hours.optional(), within: quantitySchema.optional(), ignores: z.array(z.number()).optional() },
  counter: { by: quantitySchema.optional(), forS: seconds, holdS: seconds },
  clock: { behindS: seconds, aheadS: seconds, overS: seconds },
  due: { everyH: hours.optional(), sinceH: z.number().nonnegative().optional(), date: z.iso.date().optional() },
  mismatch: { ...delays },
  phases: {
    nominalV: z.number().positive().optional(),
    /** Of a current, how far the phases may lie apart. */
    unbalancePercent: z.number().positive().optional(),
    ...delays,
  },
} as const;

/** What one of two series says. */
const side = z
  .strictObject({
    metric,
    is: z.boolean().optional(),
    above: quantitySchema.optional(),
    below: quantitySchema.optional(),
  })
  .refine(
    ({ is, above, below }) => [is, above, below].filter((each) => each !== undefined).length === 1,
    'expected one of is, above, below',
  );

function kind<D extends keyof typeof TUNABLE, S extends z.ZodRawShape>(detect: D, own: S) {
  const tunable = TUNABLE[detect];
  const priority = z.enum(PRIORITIES);
  const exception = z
    .strictObject({
      asset: id.optional(),
      device: id.optional(),
      site: id.optional(),
      off: z.boolean().optional(),
      priority: priority.optional(),
      ...tunable,
    })
    .refine(
      (e: object) => 'asset' in e || 'device' in e || 'site' in e,
      'expected the asset, device or site that is meant',
    );
  return z.strictObject({
    id,
    detect: z.literal(detect),
    ...own,
    ...tunable,
    priority,
    title: textSchema,
    cause: textSchema,
    consequence: textSchema,
    action: textSchema,
    respondWithinMin: z.number().positive().optional(),
    /** After its return it waits for a person's reset. */
    latches: z.boolean().default(false),
    /** How long after its suppressor is gone before it alarms by itself. */
    settleS: z.number().nonnegative().default(300),
    /** After so long without an end, seen or not, it asks again; by its priority unless said here. */
    reAlarmH: hours.optional(),
    /** Later ones win. */
    exceptions: z.array(exception).default([]),
  });
}

export const ruleSchema = z.discriminatedUnion('detect', [
  kind('limit', { on: onMetrics }),
  kind('rate', { on: onMetrics }),
  /** Of the whole device, or of each of its periodic metrics. */
  kind('silence', { on: onDevices, of: z.enum(['device', 'metrics']).default('device') }),
  kind('frozen', { on: onMetrics }),
  kind('counter', { on: onMetrics, fault: z.enum(['stuck', 'backwards', 'reset']) }),
  kind('clock', { on: onDevices }),
  kind('due', { on: z.strictObject({ metric: metricsSchema.optional(), ...selectorShape }) }),
  kind('mismatch', { on: onDevices, while: side, expect: side }),
  kind('phases', { on: onDevices, fault: z.enum(['loss', 'neutral', 'supply', 'unbalance']) }),
]);

export type Rule = z.output<typeof ruleSchema>;
export type RuleOf<D extends Rule['detect']> = Extract<Rule, { readonly detect: D }>;

/** What an alarm of this rule says. */
export function textsOf(rule: Rule): RuleTexts {
  const { title, cause, consequence, action, respondWithinMin = RESPOND_WITHIN_MIN[rule.priority] } = rule;
  return { title, cause, consequence, action, respondWithinMin };
}

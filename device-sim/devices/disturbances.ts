/** What is wrong with a device's sensors and counters: how each fault changes what it would say. */
import type { Device } from '../../model/plant.ts';
import type { ProfileMetric } from '../../model/profile.ts';
import type { SimFault } from '../../model/sim-fault.ts';
import { gauss, noiseKey, uniform } from '../noise.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export type Value = number | boolean | null;

/** What was there when a fault began, by fault and metric: for those that hold on to it. Plain data. */
export type Samples = Record<string, Record<string, Value>>;

/** One fault on one metric. Null and yes/no pass those that are for numbers. */
interface Disturbance {
  apply(value: Value, atMs: number): Value;
}

/** Of one metric, in the order in which they act; those of the sensor before rounding, those of what it says after. */
export interface Disturbances {
  readonly sensor: readonly Disturbance[];
  readonly said: readonly Disturbance[];
}

export interface DisturbanceContext {
  readonly device: Device;
  readonly metric: ProfileMetric;
  readonly seed: number;
  readonly samples: Samples;
}

type OnNumber = (value: number, atMs: number) => number;

const SENSOR: Readonly<Record<string, (fault: SimFault, context: DisturbanceContext) => OnNumber>> = {
  'counter-reset': countedAnew,
  drift:
    ({ fromMs, sizes }) =>
    (value, at) =>
      value + (size(sizes, 'perDay') * (at - fromMs)) / DAY_MS,
  offset:
    ({ sizes }) =>
    (value) =>
      value + size(sizes, 'by'),
  noise: noisy,
  spikes: spiky,
  'battery-sag': sagging,
};

const SAID: Readonly<Record<string, (fault: SimFault, context: DisturbanceContext) => Disturbance['apply']>> = {
  'counter-roll-over': ({ sizes }) => onNumber((value) => value % size(sizes, 'rollsAt')),
  stuck: held,
  'failed-read': () => () => null,
};

/** Kinds that need what there is at the very time at which they begin: it is measured then, whoever asks. */
export const SAMPLED: ReadonlySet<string> = new Set(['stuck', 'counter-reset']);

/** A counter that was reset goes on from there: nothing gives it its old count back. */
const LASTING: ReadonlySet<string> = new Set(['counter-reset']);

export function createDisturbances(faults: readonly SimFault[], context: DisturbanceContext): Disturbances {
  const { device, metric } = context;
  const mine = faults.filter((fault) => fault.target === device.id && befalls(fault, metric));
  return {
    sensor: inOrder(mine, SENSOR, (fault, make) => onNumber(make(fault, context))),
    said: inOrder(mine, SAID, (fault, make) => make(fault, context)),
  };
}

function inOrder<T>(
  faults: readonly SimFault[],
  kinds: Readonly<Record<string, T>>,
  toApply: (fault: SimFault, make: T) => Disturbance['apply'],
): Disturbance[] {
  return Object.entries(kinds).flatMap(([kind, make]) =>
    faults.filter((fault) => fault.kind === kind).map((fault) => whileActing(fault, toApply(fault, make))),
  );
}

function befalls({ kind, metric: named }: SimFault, metric: ProfileMetric): boolean {
  if (named !== null) return named === metric.name;
  if (kind === 'battery-sag') return metric.name === 'battery';
  return !kind.startsWith('counter-') || metric.kind === 'counter';
}

function whileActing({ kind, fromMs, toMs }: SimFault, apply: Disturbance['apply']): Disturbance {
  const untilMs = LASTING.has(kind) ? Number.POSITIVE_INFINITY : (toMs ?? Number.POSITIVE_INFINITY);
  return { apply: (value, at) => (at >= fromMs && at < untilMs ? apply(value, at) : value) };
}

function onNumber(apply: OnNumber): Disturbance['apply'] {
  return (value, at) => (typeof value === 'number' ? apply(value, at) : value);
}

function countedAnew(fault: SimFault, context: DisturbanceContext): OnNumber {
  return (value, at) => value - (sampled(fault, context, { value, at }) as number);
}

function held(fault: SimFault, context: DisturbanceContext): Disturbance['apply'] {
  return (value, at) => sampled(fault, context, { value, at });
}

/** The value at the fault's beginning, kept when it is first seen there. */
function sampled({ id, fromMs }: SimFault, { metric, samples }: DisturbanceContext, now: { value: Value; at: number }) {
  samples[id] ??= {};
  const ofFault = samples[id];
  if (now.at === fromMs) ofFault[metric.name] ??= now.value;
  return metric.name in ofFault ? (ofFault[metric.name] ?? null) : now.value;
}

function noisy({ id, sizes }: SimFault, { seed, metric }: DisturbanceContext): OnNumber {
  const key = noiseKey(seed, `fault/${id}/${metric.name}`);
  return (value, at) => value + size(sizes, 'deviation') * gauss(key, at);
}

function spiky({ id, sizes }: SimFault, { seed, device, metric }: DisturbanceContext): OnNumber {
  const key = noiseKey(seed, `fault/${id}/${metric.name}`);
  const share = (size(sizes, 'perDay') * device.everyS * 1000) / DAY_MS;
  return (value, at) => (uniform(key, at) < share ? value + size(sizes, 'height') : value);
}

/** By part of what it would be: a lead battery and a lithium cell alike. */
function sagging({ fromMs, sizes }: SimFault): OnNumber {
  return (value, at) => {
    const share = Math.min(1, (at - fromMs) / (size(sizes, 'overH') * HOUR_MS));
    return value * (1 - share * (1 - size(sizes, 'toPercent') / 100));
  };
}

function size(sizes: SimFault['sizes'], name: string): number {
  return sizes[name] ?? 0;
}

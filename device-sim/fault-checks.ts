/** Whether this village can have a fault: its target, its metric, its size, and its time. */
import { nearest } from '../model/nearest.ts';
import type { Plant, Site } from '../model/plant.ts';
import type { SimFault } from '../model/sim-fault.ts';
import { FAULT_KINDS, type FaultTarget } from '../model/sim-fault-catalogue.ts';
import { SimulatedFaultError } from './faults.ts';
import type { Lighting } from './lighting/lighting.ts';
import type { Water } from './water/water.ts';

export type Targets = Readonly<Record<FaultTarget, readonly string[]>>;

export interface FaultPlaces {
  readonly plant: Plant;
  readonly site: Site;
  readonly water: Water;
  readonly lighting: Lighting;
}

export function targetsOf({ plant, site, water, lighting }: FaultPlaces): Targets {
  const ofSite = <T extends { readonly id: string; readonly site: string }>(all: Iterable<T>): T[] =>
    [...all].filter((each) => each.site === site.id);
  const assets = ofSite(plant.assets.values());
  return {
    ...water.targets(),
    ...lighting.targets(),
    treatment: assets.filter(({ kind }) => kind === 'treatment').map(({ id }) => id),
    device: ofSite(plant.devices.values()).map(({ id }) => id),
    site: [site.id],
    asset: assets.map(({ id }) => id),
  };
}

/** What is wrong with a fault but its time, in a sentence. `isSizeKnown`: it was checked before, in a village as it was then. */
export function createFaultCheck(places: FaultPlaces, targets: Targets) {
  return (fault: SimFault, isSizeKnown = false): string | null => {
    const kind = FAULT_KINDS.get(fault.kind);
    if (!kind) return `no such fault: "${fault.kind}"`;
    // Water and light know their own targets best, and say more of what is near.
    if (!isSizeKnown && kind.domain === 'water') {
      const wrong = places.water.check(fault);
      if (wrong !== null) return wrong;
    }
    if (!isSizeKnown && kind.domain === 'light') {
      const wrong = places.lighting.check(fault);
      if (wrong !== null) return wrong;
    }
    return wrongTarget(fault, kind.targets, targets) ?? wrongMetric(fault, places.plant);
  };
}

function wrongTarget({ target }: SimFault, wanted: readonly FaultTarget[], targets: Targets): string | null {
  const known = wanted.flatMap((each) => targets[each]);
  if (known.includes(target)) return null;
  const near = nearest(target, known);
  const what = wanted.join(' or ');
  return `no ${what} "${target}" in this village${near === undefined ? '' : `; did you mean ${near}?`}`;
}

const FOR_NUMBERS: ReadonlySet<string> = new Set(['drift', 'offset', 'noise', 'spikes']);

function wrongMetric({ kind, target, metric: name }: SimFault, plant: Plant): string | null {
  const metrics = plant.devices.get(target)?.metrics;
  if (!metrics) return null;
  if (kind === 'battery-sag' && !metrics.has('battery')) return `${target} reports no battery`;
  if (name === null) {
    const isCounting = [...metrics.values()].some((metric) => metric.kind === 'counter');
    return kind.startsWith('counter-') && !isCounting ? `${target} has no counter` : null;
  }
  const metric = metrics.get(name);
  if (!metric) {
    const near = nearest(name, metrics.keys());
    return `${target} reports no "${name}"; ${near ? `did you mean ${near}?` : `there is ${[...metrics.keys()].join(', ')}`}`;
  }
  if (FOR_NUMBERS.has(kind) && metric.type !== 'number') return `"${name}" is yes or no: it cannot have ${kind}`;
  if (kind.startsWith('counter-') && metric.kind !== 'counter') return `"${name}" is no counter`;
  return null;
}

/** Where the village is. */
export interface VillageTime {
  /** All up to here has been told. */
  readonly nowMs: number;
  /** The hydraulics are computed to before this. */
  readonly waterToMs: number;
}

/**
 * The fault at the earliest time at which nothing contradicts what has been told: the next instant, for water and power
 * the next step. Of one that has begun only the end can be changed.
 */
export function timed(fault: SimFault, before: SimFault | undefined, { nowMs, waterToMs }: VillageTime): SimFault {
  // What the hydraulics are computed to has happened: their step ends where a fault begins or ends.
  const settledMs = isHydraulic(fault) ? Math.max(nowMs, waterToMs) : nowMs;
  const earliestMs = isHydraulic(fault) ? Math.max(nowMs + 1, waterToMs) : nowMs + 1;
  if (fault.toMs !== null && fault.toMs < nowMs)
    refuse(fault, `it would end in the past of the village (${iso(nowMs)})`);
  if (before && before.fromMs <= settledMs) return endedAnew(fault, before, { settledMs, earliestMs });
  if (fault.fromMs < nowMs) refuse(fault, `it would begin in the past of the village (${iso(nowMs)})`);
  const fromMs = Math.max(fault.fromMs, earliestMs);
  if (fault.toMs === null) return { ...fault, fromMs };
  if (before && fault.toMs === fault.fromMs) return { ...fault, fromMs, toMs: fromMs };
  if (fault.toMs <= fault.fromMs) refuse(fault, 'it would end before it begins');
  return { ...fault, fromMs, toMs: Math.max(fault.toMs, fromMs + 1) };
}

function endedAnew(fault: SimFault, before: SimFault, time: { settledMs: number; earliestMs: number }): SimFault {
  if (before.toMs !== null && before.toMs <= time.settledMs) refuse(fault, `"${fault.id}" is over`);
  if (!isSameButEnd(fault, before)) refuse(fault, `"${fault.id}" has begun: only its end can be changed`);
  return { ...before, toMs: fault.toMs === null ? null : Math.max(fault.toMs, time.earliestMs) };
}

function refuse(fault: SimFault, sentence: string): never {
  throw new SimulatedFaultError(fault, sentence);
}

function isHydraulic({ kind }: SimFault): boolean {
  const domain = FAULT_KINDS.get(kind)?.domain;
  return domain === 'water' || domain === 'power';
}

function isSameButEnd(a: SimFault, b: SimFault): boolean {
  const names = new Set([...Object.keys(a.sizes), ...Object.keys(b.sizes)]);
  return (
    (['kind', 'target', 'metric', 'fromMs'] as const).every((key) => a[key] === b[key]) &&
    [...names].every((name) => a.sizes[name] === b.sizes[name])
  );
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/** What the rules come to on a plant: one watch for each condition that can be. */
import type { MetricName, SiteId } from './ids.ts';
import type { Device, Plant } from './plant.ts';
import { type Quantity, quantityFor } from './quantity.ts';
import type { Rule, RuleOf } from './rule.ts';
import {
  type Delays,
  DRIVERS,
  type LimitWatch,
  PHASE_METRICS,
  type Side,
  type Subject,
  type Watch,
  type WatchedSeries,
} from './watch.ts';

const S = 1_000;
const HOUR = 3_600 * S;

export function watchesOf(rules: readonly Rule[], plant: Plant): readonly Watch[] {
  const gateways = new Set([...plant.devices.values()].map(({ via }) => via));
  const isGateway = (device: Device): boolean => gateways.has(device.id) || device.kind === 'gateway';
  // Looked up and not searched: a search of all for each device takes half a minute of 20,000.
  const byAsset = Map.groupBy(plant.devices.values(), ({ asset }) => asset);
  return rules.flatMap((rule) => watchesOfRule(rule, { plant, byAsset, isGateway }));
}

interface Place {
  readonly plant: Plant;
  readonly byAsset: ReadonlyMap<Device['asset'], readonly Device[]>;
  readonly isGateway: (device: Device) => boolean;
}

function watchesOfRule(rule: Rule, place: Place): readonly Watch[] {
  if (rule.detect === 'due' && rule.on.metric === undefined) return dueByDate(rule, place);
  return [...place.plant.devices.values()]
    .filter((device) => covers(rule, device, place))
    .flatMap((device) => {
      const tuned = tunedFor(rule, device);
      return tuned ? watchesOnDevice(tuned, device, place) : [];
    });
}

function covers({ on }: Rule, device: Device, { plant, isGateway }: Place): boolean {
  const asset = device.asset === undefined ? undefined : plant.assets.get(device.asset);
  if (on.kind !== undefined && !on.kind.some((kind) => kind === asset?.kind)) return false;
  if (on.asset !== undefined && device.asset !== on.asset) return false;
  if (on.device !== undefined && device.id !== on.device) return false;
  if (on.profile !== undefined && device.profile !== on.profile) return false;
  if (on.gateway !== undefined && isGateway(device) !== on.gateway) return false;
  return on.site === undefined || device.site === on.site;
}

/** With what the plant says of this device, its asset or its site; null where it is switched off there. */
function tunedFor<R extends Rule>(rule: R, of: Pick<Device, 'site' | 'asset'> & { id: string | null }): R | null {
  let tuned = rule;
  for (const { asset, device, site, off, ...changes } of rule.exceptions) {
    if (asset !== undefined && asset !== of.asset) continue;
    if (device !== undefined && device !== of.id) continue;
    if (site !== undefined && site !== of.site) continue;
    if (off) return null;
    tuned = { ...tuned, ...changes };
  }
  return tuned;
}

function watchesOnDevice(rule: Rule, device: Device, place: Place): readonly Watch[] {
  switch (rule.detect) {
    case 'limit':
    case 'rate':
    case 'frozen':
    case 'counter':
    case 'due':
      return onMetrics(rule, device, place);
    case 'silence':
      return silence(rule, device, place);
    case 'clock':
      return [{ ...subject(rule, device, null), device: device.id, ...clockFigures(rule), detect: 'clock' }];
    case 'mismatch':
      return mismatch(rule, device, place);
    case 'phases':
      return phases(rule, device);
  }
}

function subject(rule: Rule, device: Device, metric: string | null, isOneOfSeveral = false): Subject {
  return {
    key: `${rule.id}.${device.id}${isOneOfSeveral ? `.${metric}` : ''}`,
    rule: rule.id,
    priority: rule.priority,
    latches: rule.latches,
    settleS: rule.settleS,
    site: device.site,
    asset: device.asset ?? null,
    device: device.id,
    metric: metric as MetricName | null,
  };
}

function delaysOf({ onDelayS = 0, offDelayS = 0 }: { onDelayS?: number | undefined; offDelayS?: number | undefined }) {
  return { onDelayMs: onDelayS * S, offDelayMs: offDelayS * S };
}

const NO_DELAYS: Delays = { onDelayMs: 0, offDelayMs: 0 };

function seriesOf(device: Device, ...metrics: readonly string[]): readonly WatchedSeries[] {
  return metrics.map((metric) => ({ device: device.id, metric: metric as MetricName }));
}

function onMetrics(
  rule: RuleOf<'limit' | 'rate' | 'frozen' | 'counter' | 'due'>,
  device: Device,
  place: Place,
): readonly Watch[] {
  const metrics = rule.on.metric ?? [];
  return metrics
    .filter((metric) => device.metrics.has(metric))
    .flatMap((metric) => {
      const of = subject(rule, device, metric, metrics.length > 1);
      const watch = onMetric(rule, { of, device, metric, place });
      return watch ? [watch] : [];
    });
}

interface OnMetric {
  readonly of: Subject;
  readonly device: Device;
  readonly metric: string;
  readonly place: Place;
}

function onMetric(rule: RuleOf<'limit' | 'rate' | 'frozen' | 'counter' | 'due'>, on: OnMetric): Watch | null {
  switch (rule.detect) {
    case 'limit':
      return limit(rule, on);
    case 'rate':
      return rate(rule, on);
    case 'frozen':
      return frozen(rule, on);
    case 'counter':
      return counter(rule, on);
    case 'due':
      return dueByHours(rule, on);
  }
}

/** A figure in the metric's unit; null where the plant file does not say it of this asset. */
function figureOf(quantity: Quantity | undefined, otherwise: number, { device, place }: OnMetric): number | null {
  if (quantity === undefined) return otherwise;
  return quantityFor(quantity, device.asset === undefined ? undefined : place.plant.assets.get(device.asset));
}

function limit(rule: RuleOf<'limit'>, on: OnMetric): Watch | null {
  const below = figureOf(rule.below, Number.NEGATIVE_INFINITY, on);
  const above = figureOf(rule.above, Number.POSITIVE_INFINITY, on);
  // As of a tank of which the plant file does not say how high it overflows: there is nothing to judge it by.
  if (below === null || above === null) return null;
  return {
    ...on.of,
    ...delaysOf(rule),
    series: seriesOf(on.device, on.metric),
    detect: 'limit',
    below,
    above,
    is: rule.is === undefined ? null : Number(rule.is),
    deadband: figureOf(rule.deadband, 0, on) ?? 0,
    meanMs: (rule.meanS ?? 0) * S,
  };
}

function rate(rule: RuleOf<'rate'>, on: OnMetric): Watch | null {
  const rises = figureOf(rule.rises, Number.POSITIVE_INFINITY, on);
  const falls = figureOf(rule.falls, Number.POSITIVE_INFINITY, on);
  if (rises === null || falls === null) return null;
  const series = seriesOf(on.device, on.metric);
  const deadband = figureOf(rule.deadband, 0, on) ?? 0;
  const overMs = (rule.overS ?? 1_800) * S;
  return { ...on.of, ...delaysOf(rule), series, detect: 'rate', rises, falls, deadband, overMs };
}

function frozen(rule: RuleOf<'frozen'>, on: OnMetric): Watch {
  const series = seriesOf(on.device, on.metric);
  const within = figureOf(rule.within, 0, on) ?? 0;
  const forMs = (rule.forH ?? 12) * HOUR;
  return { ...on.of, ...NO_DELAYS, series, detect: 'frozen', forMs, within, ignores: rule.ignores ?? [] };
}

function dueByHours({ everyH, sinceH = 0 }: RuleOf<'due'>, on: OnMetric): Watch | null {
  if (everyH === undefined) return null;
  const series = seriesOf(on.device, on.metric);
  return { ...on.of, ...NO_DELAYS, series, detect: 'due', dueAtH: sinceH + everyH, sinceH, dueAt: null };
}

function counter(rule: RuleOf<'counter'>, { of, device, metric }: OnMetric): Watch | null {
  const { fault, forS = 1_800, holdS = 86_400 } = rule;
  const driver = DRIVERS[metric];
  if (fault === 'stuck' && !(driver && device.metrics.has(driver.metric))) return null;
  const metrics = fault === 'stuck' && driver ? [metric, driver.metric] : [metric];
  return {
    ...of,
    ...NO_DELAYS,
    series: seriesOf(device, ...metrics),
    detect: 'counter',
    fault,
    by: rule.by?.value ?? 0,
    forMs: forS * S,
    holdMs: holdS * S,
    perHour: driver?.perHour ?? 0,
  };
}

/** As old as this is a device's last word at least before it is called silent (alarm semantics 3b). */
const SILENT_AT_LEAST_S = 600;
/** By how much those behind a gateway are judged later than it: then the gateway is known to be the cause. */
const AFTER_GATEWAY_MS = 30 * S;

function silence(rule: RuleOf<'silence'>, device: Device, place: Place): readonly Watch[] {
  const { intervals = 3, afterS = SILENT_AT_LEAST_S, offDelayS = 120 } = rule;
  const ownMs = (everyS: number): number => Math.max(intervals * everyS, afterS) * S;
  const gateway = device.via === undefined ? undefined : place.plant.devices.get(device.via);
  const afterMs = Math.max(ownMs(device.everyS), gateway ? ownMs(gateway.everyS) + AFTER_GATEWAY_MS : 0);
  const figures = { device: device.id, afterMs, offDelayMs: offDelayS * S, detect: 'silence' as const };
  if (rule.of === 'device') return [{ ...subject(rule, device, null), ...figures }];
  return [...device.metrics.values()]
    .filter(({ reporting }) => reporting === 'periodic')
    .map(({ name }) => ({ ...subject(rule, device, name, true), ...figures }));
}

function clockFigures({ behindS = 300, aheadS = 120, overS = 900 }: RuleOf<'clock'>) {
  return { behindMs: behindS * S, aheadMs: aheadS * S, overMs: overS * S };
}

/** The other side is reported by the same device, or else by another on the same asset. */
function mismatch(rule: RuleOf<'mismatch'>, device: Device, { byAsset }: Place): readonly Watch[] {
  const { expect, while: cause } = rule;
  if (!device.metrics.has(expect.metric)) return [];
  const others = device.asset === undefined ? [] : (byAsset.get(device.asset) ?? []);
  const causes = device.metrics.has(cause.metric)
    ? [device]
    : others.filter((other) => other.metrics.has(cause.metric));
  if (causes.length === 0) return [];
  const series = [...seriesOf(device, expect.metric), ...causes.flatMap((other) => seriesOf(other, cause.metric))];
  const sides = { expect: sideOf(expect), while: sideOf(cause) };
  return [{ ...subject(rule, device, expect.metric), ...delaysOf(rule), series, ...sides, detect: 'mismatch' }];
}

function sideOf({ is, above, below }: RuleOf<'mismatch'>['expect']): Side {
  return {
    above: above?.value ?? Number.NEGATIVE_INFINITY,
    below: below?.value ?? Number.POSITIVE_INFINITY,
    is: is === undefined ? null : Number(is),
  };
}

function phases(rule: RuleOf<'phases'>, device: Device): readonly Watch[] {
  const metrics = rule.fault === 'unbalance' ? PHASE_METRICS.current : PHASE_METRICS.voltage;
  if (!metrics.every((metric) => device.metrics.has(metric))) return [];
  const { fault, nominalV = 230, unbalancePercent = 10 } = rule;
  const figures = { fault, nominalV, unbalance: unbalancePercent / 100 };
  const series = seriesOf(device, ...metrics);
  return [{ ...subject(rule, device, metrics[0]), ...delaysOf(rule), series, ...figures, detect: 'phases' }];
}

/** Of an asset, and no device: its key has the asset in the device's place. */
function dueByDate(rule: RuleOf<'due'>, { plant }: Place): readonly Watch[] {
  const asset = rule.on.asset === undefined ? undefined : plant.assets.get(rule.on.asset);
  if (!asset || rule.date === undefined) return [];
  const site = asset.site as SiteId;
  const timeZone = plant.sites.get(site)?.timeZone ?? 'UTC';
  return [
    {
      key: `${rule.id}.${asset.id}`,
      rule: rule.id,
      priority: rule.priority,
      latches: rule.latches,
      settleS: rule.settleS,
      site,
      asset: asset.id,
      device: null,
      metric: null,
      ...NO_DELAYS,
      series: [],
      detect: 'due',
      dueAtH: null,
      sinceH: 0,
      dueAt: startOfDay(rule.date, timeZone),
    },
  ];
}

/** The zone's offset is taken at noon: near enough for a service. */
function startOfDay(date: string, timeZone: string): number {
  const utc = Date.parse(`${date}T00:00:00Z`);
  const noon = new Date(utc + 12 * HOUR);
  const local = Date.parse(`${noon.toLocaleString('sv-SE', { timeZone }).replace(' ', 'T')}Z`);
  return utc - (local - noon.getTime());
}

/** The limits alone, as a page shows them beside a value. */
export function limitsOf(rules: readonly Rule[], plant: Plant): readonly LimitWatch[] {
  return watchesOf(rules, plant).filter((watch) => watch.detect === 'limit');
}

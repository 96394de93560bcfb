/** What explains an alarm, so that nobody is told of it: pure, first match wins (alarm semantics 3c). */
import type { Alarm } from '../../model/alarm.ts';
import type { DeviceId } from '../../model/ids.ts';
import type { Work, WorkScope } from '../../model/work.ts';
import { isDeadSupply, isFeeder, isMains, isOfFlow, isPowered, isSilence, type Suppressible } from './subject.ts';
import type { Place, Topology } from './topology.ts';

type Parent = Pick<Alarm, 'id' | 'key' | 'clearedAt'>;

/** Alarms that explain others, by what they are about; those that ended a while ago among them. */
export interface Parents {
  readonly link: readonly Parent[];
  readonly operators: ReadonlyMap<string, Parent>;
  readonly supplies: ReadonlyMap<string, Parent>;
  readonly silent: ReadonlyMap<DeviceId, Parent>;
  /** By device, and by asset: what hangs on one supply there has lost it together. */
  readonly noMains: ReadonlyMap<string, Parent>;
  readonly deadSupplies: ReadonlyMap<string, Parent>;
  readonly deadFeeders: ReadonlyMap<DeviceId, Parent>;
}

export interface Surroundings {
  readonly topology: Topology;
  readonly parents: Parents;
  readonly works: readonly Work[];
  readonly now: number;
}

const OWN_LINK: ReadonlySet<string> = new Set(['own-link', 'broker-away', 'broker-silent']);

/** What ended longer ago explains nothing any more. */
export const LONGEST_SETTLE_MS = 3_600_000;

const settleMs = ({ settleS }: Suppressible): number => Math.min(settleS * 1000, LONGEST_SETTLE_MS);

export function indexParents(alarms: readonly Alarm[]): Parents {
  const ofServer = alarms.filter(({ detector }) => detector === 'server');
  const ofDevices = alarms.filter(({ detector }) => detector !== 'server');
  const outages = (rule: string) =>
    latestBy(
      ofServer.filter((alarm) => alarm.rule === rule),
      partOf,
    );
  const atDevices = (isMeant: (alarm: Alarm) => boolean) => latestBy(ofDevices.filter(isMeant), ({ device }) => device);
  return {
    link: ofServer.filter(({ rule }) => OWN_LINK.has(rule)),
    operators: outages('operator-away'),
    supplies: outages('power-outage'),
    silent: atDevices((alarm) => isSilence(alarm) && alarm.metric === null),
    noMains: withAssets(ofDevices.filter(isMains)),
    deadSupplies: withAssets(ofDevices.filter(isDeadSupply)),
    deadFeeders: atDevices(isFeeder),
  };
}

/** Of an outage: which operator or supply; a supply of a site's own is not named apart. */
function partOf({ values, site }: Pick<Alarm, 'values' | 'site'>): string {
  return String(values.part ?? site ?? '');
}

const assetKey = (asset: string): string => `asset/${asset}`;

function withAssets(alarms: readonly Alarm[]): ReadonlyMap<string, Parent> {
  const byAsset = latestBy(alarms, ({ asset }) => (asset === null ? null : assetKey(asset)));
  return new Map([...byAsset, ...latestBy(alarms, ({ device }): string | null => device)]);
}

/** Of two about the same, the one that holds, or held last. */
function latestBy<Id>(alarms: readonly Alarm[], idOf: (alarm: Alarm) => Id | null): ReadonlyMap<Id, Parent> {
  const latest = new Map<Id, Parent>();
  for (const alarm of alarms) {
    const id = idOf(alarm);
    const before = id === null ? undefined : latest.get(id);
    if (id !== null && (!before || endOf(alarm) >= endOf(before))) latest.set(id, alarm);
  }
  return latest;
}

const endOf = ({ clearedAt }: Parent): number => clearedAt ?? Number.POSITIVE_INFINITY;

/** It holds, or ended a while ago; one that ended in the future ended by a clock that was ahead, nobody knows when. */
function isFresh({ clearedAt }: Parent, now: number, settledMs: number): boolean {
  return clearedAt === null || Math.abs(now - clearedAt) < settledMs;
}

/** Ids of what explains it: the first parent that fits, and the works that cover it. */
export function suppressorsOf(subject: Suppressible, around: Surroundings): readonly string[] {
  const works = around.works.filter((work) => explains(work, subject, around)).map(({ id }) => id);
  const parent = parentOf(subject, around);
  return parent ? [parent.id, ...works] : works;
}

function parentOf(subject: Suppressible, { topology, parents, now }: Surroundings): Parent | undefined {
  if (subject.device === null) return undefined;
  const place = topology.place(subject.device);
  if (!place) return undefined;
  const holds = (parent: Parent | undefined): parent is Parent =>
    parent !== undefined && parent.key !== subject.key && isFresh(parent, now, settleMs(subject));
  const candidates = isSilence(subject)
    ? overSilence(subject, place, parents)
    : overMeasurement(subject, place, parents);
  return candidates.find(holds);
}

type Candidates = readonly (Parent | undefined)[];

function overSilence({ metric, device }: Suppressible, place: Place, parents: Parents): Candidates {
  return [
    ...parents.link,
    place.operator === null ? undefined : parents.operators.get(place.operator),
    parents.supplies.get(place.supply),
    ...place.via.toReversed().map((gateway) => parents.silent.get(gateway.id)),
    // A series is silent because its device is.
    metric === null || device === null ? undefined : parents.silent.get(device),
  ];
}

function overMeasurement(subject: Suppressible, { device, via, supply }: Place, parents: Parents): Candidates {
  if (!isPowered(subject)) return [];
  const outage = parents.supplies.get(supply);
  if (isMains(subject)) return [outage];
  const here = [...via.toReversed().map(({ id }) => id), device.id, ...(device.asset ? [assetKey(device.asset)] : [])];
  const mains = here.map((id) => parents.noMains.get(id));
  if (isDeadSupply(subject)) return [outage, ...mains];
  const dead = here.map((id) => parents.deadSupplies.get(id));
  const feeder = isFeeder(subject) ? [] : [device, ...via].map(({ id }) => parents.deadFeeders.get(id));
  return [outage, ...mains, ...dead, ...feeder];
}

function explains(work: Work, subject: Suppressible, { topology, now }: Surroundings): boolean {
  const isOver = now >= work.to + settleMs(subject);
  if (work.cancelled !== null || now < work.from || isOver) return false;
  if (work.kind !== 'work' && !isOfFlow(subject)) return false;
  return covers(work.scope, subject, subject.device === null ? undefined : topology.place(subject.device));
}

/** Of a scope one is not null. */
function covers({ site, asset, circuit, zone }: WorkScope, subject: Suppressible, place: Place | undefined): boolean {
  if (site !== null) return subject.site === site;
  const devices = place ? [place.device, ...place.via] : [];
  if (asset !== null) return subject.asset === asset || devices.some((device) => device.asset === asset);
  if (circuit !== null) return place?.circuits.some(({ id }) => id === circuit) ?? false;
  return zone !== null && (place?.zones.includes(zone) ?? false);
}

/** How long silence of one thing waits to be told, until that of its gateway would have shown; ms. */
const CORRELATION_MS = 120_000;
const SILENCE_MIN_MS = 600_000;
export const LONGEST_HOLD_MS = 3_600_000;

/** Until when it is not told, since what explains it may come meanwhile; null: at once. What is critical waits for no power cut. */
export function heldUntil(
  subject: Suppressible & { readonly priority: string },
  { topology, now }: Surroundings,
): number | null {
  const place = subject.device === null ? undefined : topology.place(subject.device);
  if (!place) return null;
  if (!isSilence(subject)) return isPowered(subject) && subject.priority !== 'critical' ? now + CORRELATION_MS : null;
  const silentAfterMs = (everyS: number): number => Math.max(3 * everyS * 1000, SILENCE_MIN_MS);
  const own = silentAfterMs(place.device.everyS);
  const slowest = Math.max(...[place.device, ...place.via].map(({ everyS }) => silentAfterMs(everyS)));
  return now + Math.min(slowest - own + CORRELATION_MS, LONGEST_HOLD_MS);
}

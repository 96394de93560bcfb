/** Who is away: our own link, an operator or the power, told by what falls silent together. Pure (lighting faults 5c, rows 0 to 4). */
import type { DeviceId } from '../../model/ids.ts';
import type { ServerConditionId } from '../../model/server-condition.ts';
import type { Root, Topology } from './topology.ts';

export type OutageId = Extract<ServerConditionId, 'own-link' | 'operator-away' | 'power-outage'>;

export interface Outage {
  readonly id: OutageId;
  /** The operator or the supply; null: all there is. */
  readonly part: string | null;
}

/** What is known at a moment. */
export interface Contacts {
  readonly topology: Topology;
  /** When a device's last message of whatever content came; null: none since the start. Like all times here, of one clock that nobody sets. */
  heardAt(device: DeviceId): number | null;
  readonly startedAt: number;
  readonly now: number;
  /** Devices whose silence has been established by a rule. */
  readonly silent: ReadonlySet<DeviceId>;
  /** Devices that say that they have lost the mains. */
  readonly noMains: ReadonlySet<DeviceId>;
  /** Since when an outage is told of; null: it is not. */
  activeSince(outage: Outage): number | null;
  /** The broker elsewhere is away or silent: there is nothing to learn from silence. */
  readonly isBrokerAway: boolean;
  /** The own link came back lately: some have not had their turn to speak yet. */
  readonly isLinkFresh: boolean;
}

/** A message is missed after two intervals; shorter than this is no silence. */
const QUIET_MIN_MS = 120_000;
/** What falls silent within so long, or two intervals, falls silent together. */
const TOGETHER_MS = 600_000;
const SHARE_BEGINS = 0.75;
const SHARE_HOLDS = 0.5;

/** The outages that hold now. */
export function outagesNow(contacts: Contacts): readonly Outage[] {
  const { topology, isBrokerAway } = contacts;
  const supplies = Map.groupBy(topology.roots, ({ supply }) => supply);
  const dark = [...supplies].filter(([supply, roots]) => isDark(supply, roots, contacts)).map(([supply]) => supply);
  const power = dark.map((part): Outage => ({ id: 'power-outage', part }));
  if (isBrokerAway) return power;
  const unexplained = topology.roots.filter(({ supply }) => !dark.includes(supply));
  const link: Outage = { id: 'own-link', part: null };
  const isLinkAway = isAway(link, unexplained, contacts, topology.roots);
  if (isLinkAway) return [...power, link, ...held(contacts, supplies, dark)];
  if (contacts.isLinkFresh) return [...power, ...held(contacts, supplies, dark)];
  const operators = operatorsAway(unexplained, contacts);
  const rest = unexplained.filter(({ operator }) => operator === null || !operators.includes(operator));
  const fallen = [...Map.groupBy(rest, ({ supply }) => supply)].filter(([part, roots]) => {
    return isPart(roots, topology) && isAway({ id: 'power-outage', part }, roots, contacts);
  });
  return [
    ...power,
    ...operators.map((part): Outage => ({ id: 'operator-away', part })),
    ...fallen.map(([part]): Outage => ({ id: 'power-outage', part })),
  ];
}

/** With nothing outside of it that speaks, its silence would be everybody's. */
const isPart = (roots: readonly Root[], topology: Topology): boolean => roots.length < topology.roots.length;

function operatorsAway(roots: readonly Root[], contacts: Contacts): readonly string[] {
  const byOperator = Map.groupBy(roots, ({ operator }) => operator);
  return [...byOperator].flatMap(([part, ofOperator]) => {
    if (part === null || !isPart(ofOperator, contacts.topology)) return [];
    return isAway({ id: 'operator-away', part }, ofOperator, contacts) ? [part] : [];
  });
}

/** What was told before the link failed stays until it is seen to be over. */
function held(
  contacts: Contacts,
  supplies: ReadonlyMap<string, readonly Root[]>,
  dark: readonly string[],
): readonly Outage[] {
  const operators = Map.groupBy(contacts.topology.roots, ({ operator }) => operator);
  const told = (id: OutageId, groups: ReadonlyMap<string | null, readonly Root[]>): readonly Outage[] =>
    [...groups].flatMap(([part, roots]) => {
      const outage: Outage = { id, part };
      const since = part === null ? null : contacts.activeSince(outage);
      return since !== null && !hasSpoken(roots, since, contacts) ? [outage] : [];
    });
  return [...told('operator-away', operators), ...told('power-outage', supplies)].filter(
    ({ part }) => part === null || !dark.includes(part),
  );
}

/** By the word of those that run on a battery. */
function isDark(supply: string, roots: readonly Root[], contacts: Contacts): boolean {
  const wasDark = contacts.activeSince({ id: 'power-outage', part: supply }) !== null;
  const tellers = roots
    .flatMap(({ members }) => members)
    .filter(({ metrics, profile }) => metrics.has('mains_ok') && profile !== 'any');
  const without = tellers.filter(({ id }) => contacts.noMains.has(id));
  const believed = tellers.filter(({ id }) => contacts.noMains.has(id) || !contacts.silent.has(id));
  if (without.length < (wasDark ? 1 : 2)) return false;
  return without.length / believed.length >= (wasDark ? SHARE_HOLDS : SHARE_BEGINS);
}

/** Fell silent together and no witness has spoken since. One root alone tells of nothing but itself. */
function isAway(outage: Outage, roots: readonly Root[], contacts: Contacts, witnesses = roots): boolean {
  const since = contacts.activeSince(outage);
  if (since !== null) return roots.length > 0 && !hasSpoken(witnesses, since, contacts);
  const isEstablished = roots.some(({ members }) => members.some(({ id }) => contacts.silent.has(id)));
  if (!isEstablished) return false;
  const isQuiet = (root: Root): boolean => contacts.now - lastWord(root, contacts) > quietMs(root);
  const overdue = roots.filter(isQuiet).map((root) => ({ at: lastWord(root, contacts), quietMs: quietMs(root) }));
  const onset = Math.max(...overdue.map(({ at }) => at));
  // Who spoke last before the break may not have missed a turn yet.
  const graceMs = Math.min(...overdue.map((root) => root.quietMs));
  const isSpeaking = witnesses.some((root) => !isQuiet(root) && lastWord(root, contacts) > onset + graceMs);
  const together = overdue.filter((root) => onset - root.at <= Math.max(TOGETHER_MS, root.quietMs));
  return together.length >= 2 && together.length * 2 >= roots.length && !isSpeaking;
}

const hasSpoken = (roots: readonly Root[], since: number, { heardAt }: Contacts): boolean =>
  roots.some(({ members }) => members.some(({ id }) => (heardAt(id) ?? 0) > since));

/** Whoever speaks through it shows that it is alive. */
function lastWord({ members }: Root, { heardAt, startedAt }: Contacts): number {
  return Math.max(startedAt, ...members.map(({ id }) => heardAt(id) ?? 0));
}

function quietMs({ members }: Root): number {
  return Math.max(QUIET_MIN_MS, 2000 * Math.min(...members.map(({ everyS }) => everyS)));
}

/** Looks once a second for what has fallen silent together, and has the desk tell it as one alarm with its children. */
import type { Alarm } from '../../model/alarm.ts';
import type { DeviceId } from '../../model/ids.ts';
import type { Log } from '../../model/log.ts';
import { raiseOfServer, SERVER_CONDITIONS, serverConditionKey } from '../../model/server-condition.ts';
import { type Outage, type OutageId, outagesNow } from './correlate.ts';
import type { AlarmDesk } from './desk.ts';

export interface OutageWatchDependencies {
  readonly alarms: Pick<AlarmDesk, 'applyAll' | 'standing' | 'topology'>;
  /** Uptime of a device's last message, ms; null: none since the start. */
  readonly heardAtMs: (device: DeviceId) => number | null;
  /** Epoch ms. What is compared here is the uptime: a clock that is set makes nobody silent. */
  readonly now: () => number;
  readonly uptimeMs: () => number;
  readonly log: Log;
}

const OUTAGES: ReadonlySet<string> = new Set<OutageId>(['own-link', 'operator-away', 'power-outage']);
const BROKER: ReadonlySet<string> = new Set(['broker-away', 'broker-silent']);
/** After the link is back, everybody gets a turn to speak before anybody is said to be away. */
const FRESH_MS = 600_000;

export function createOutageWatch(dependencies: OutageWatchDependencies): () => void {
  const { alarms, heardAtMs, now, uptimeMs, log } = dependencies;
  const startedAt = uptimeMs();
  let linkSeenAwayAt = startedAt;
  /** Uptime at which each was told, by key; one that was told before the start is known since then. */
  const toldAt = new Map<string, number>();

  return () => {
    const holding = alarms.standing().filter(({ state, clearedAt }) => state !== 'normal' && clearedAt === null);
    const told = new Set(holding.filter(isOutage).map(({ key }) => key));
    const isBrokerAway = holding.some(({ rule }) => BROKER.has(rule));
    if (isBrokerAway || told.has(keyOf({ id: 'own-link', part: null }))) linkSeenAwayAt = uptimeMs();
    const outages = outagesNow({
      topology: alarms.topology,
      heardAt: heardAtMs,
      startedAt,
      now: uptimeMs(),
      silent: devicesOf(holding, ({ detector, metric }) => detector === 'silence' && metric === null),
      noMains: devicesOf(holding, ({ detector, metric }) => detector !== 'silence' && metric === 'mains_ok'),
      activeSince: (outage) => (told.has(keyOf(outage)) ? (toldAt.get(keyOf(outage)) ?? startedAt) : null),
      isBrokerAway,
      isLinkFresh: uptimeMs() - linkSeenAwayAt < FRESH_MS,
    });
    const keys = new Set(outages.map(keyOf));
    const begun = outages.filter((outage) => !told.has(keyOf(outage)));
    const over = [...told].filter((key) => !keys.has(key));
    for (const outage of begun) toldAt.set(keyOf(outage), uptimeMs());
    for (const key of over) toldAt.delete(key);
    for (const { id, part } of begun) log.warn({ part }, SERVER_CONDITIONS.get(id)?.title.en ?? id);
    for (const key of over) log.info({ condition: key }, 'over');
    const raises = begun.map((outage) => raiseOf(outage));
    const returns = over.map((key) => ({ kind: 'return', key, at: now(), isHistorical: false }) as const);
    if (raises.length + returns.length > 0) alarms.applyAll([...raises, ...returns]);
  };

  function raiseOf({ id, part }: Outage) {
    const sites = id === 'power-outage' && part !== null ? alarms.topology.sitesOf(part) : [];
    const [site = null] = sites.length === 1 ? sites : [];
    return raiseOfServer(id, now(), { site, part });
  }
}

const keyOf = ({ id, part }: Outage): string => serverConditionKey(id, part);

const isOutage = ({ rule, detector }: Alarm): boolean => detector === 'server' && OUTAGES.has(rule);

function devicesOf(alarms: readonly Alarm[], isMeant: (alarm: Alarm) => boolean): ReadonlySet<DeviceId> {
  return new Set(alarms.filter(isMeant).flatMap(({ device }) => (device === null ? [] : [device])));
}

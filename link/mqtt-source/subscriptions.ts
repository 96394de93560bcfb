/** The subscriptions of a source: each stands while all its sites are held, and has to show that it brings something. */
import type { Log } from '../../model/log.ts';
import { INGEST_DEVICE, statusTopic, telemetryFilter, telemetryTopic } from '../../model/topic.ts';
import type { Claims } from './claims.ts';
import type { Connection } from './connection.ts';
import type { Hold } from './hold.ts';
import { createProbe, type Probe } from './probe.ts';

export interface SubscriptionTimes {
  /** Silence after which a probe is sent. */
  readonly probeMs: number;
  /** Until a refused subscription is tried again. */
  readonly retryMs: number;
}

export interface SubscriptionOptions {
  readonly clientId: string;
  readonly sites: readonly string[];
  readonly isBySite: boolean;
  readonly otherSites: readonly string[];
  readonly formerFilters: readonly string[];
  readonly times: SubscriptionTimes;
  readonly hold: Pick<Hold, 'messages'>;
  readonly claims: Claims;
  readonly uptimeMs: () => number;
  readonly log: Log;
}

export interface Subscriptions {
  /** `isResumed`: the session may hold subscriptions from before. */
  begin(connection: Connection, isResumed: boolean): void;
  end(): void;
  /** Telemetry of that site came, or the probe. */
  heard(site: string): void;
  /** Subscribes and unsubscribes as the claims say, and probes. */
  look(connection: Connection): void;
  /** Each of them stands, or is refused, or left to another ingest. */
  isDecided(): boolean;
  /** What is wrong with them, in a sentence. */
  trouble(): string | null;
  /** Filters that were granted and bring nothing. */
  silent(): readonly string[];
}

interface Group {
  readonly filter: string;
  readonly sites: readonly string[];
  readonly probe: Probe;
  state: 'off' | 'asked' | 'granted' | 'refused';
  /** When it may be asked for again. */
  retryAtMs: number;
  /** What was last said of it, so that it is said once. */
  told: string | null;
}

/** Every filter that a source of these sites may leave in its session at the broker. */
export function sourceFilters(sites: readonly string[], isBySite: boolean): readonly string[] {
  return isBySite ? sites.map((site) => telemetryFilter(site)) : [telemetryFilter()];
}

export function createSubscriptions(options: SubscriptionOptions): Subscriptions {
  const { times, hold, claims, uptimeMs, log } = options;
  const groups = createGroups(options);
  const bySite = new Map(groups.flatMap((group) => group.sites.map((site) => [site, group])));
  const all = groups[0];
  let isSessionOld = false;

  /** One filter over everything hears every site, also undeclared ones. */
  const groupOf = (site: string): Group | undefined => (options.isBySite ? bySite.get(site) : all);

  async function ask(group: Group, connection: Connection): Promise<void> {
    group.state = 'asked';
    const refused = await connection.subscribe([group.filter], 1);
    // Meanwhile the connection may have ended, or the site been lost.
    if (group.state !== 'asked') return;
    group.state = refused.length > 0 ? 'refused' : 'granted';
    group.retryAtMs = uptimeMs() + times.retryMs;
    if (group.state === 'granted') group.probe.begin();
  }

  function leave(group: Group, connection: Connection): void {
    connection.unsubscribe([group.filter]);
    group.state = 'off';
    group.probe.end();
  }

  function steer(group: Group, connection: Connection): void {
    const isOurs = group.sites.every(claims.isHeld);
    const isTaken = group.sites.some((site) => claims.takenBy(site) !== null);
    if (!isOurs && group.state !== 'off') leave(group, connection);
    // The session may hold it from before somebody else took the site.
    else if (isTaken && group.told === null && isSessionOld) connection.forget([group.filter]);
    else if (isOurs && group.state === 'off') void ask(group, connection);
    else if (group.state === 'refused' && uptimeMs() >= group.retryAtMs) group.state = 'off';
    else if (group.state === 'granted') sendProbe(group, connection);
  }

  /** While messages wait for our own disk, it is not the broker that is slow. */
  function sendProbe({ probe, sites }: Group, connection: Connection): void {
    const [site] = sites;
    if (site === undefined || hold.messages > 0 || !probe.isDue()) return;
    connection.publish(telemetryTopic(site, INGEST_DEVICE), JSON.stringify({ probe: options.clientId }));
  }

  function troubleOf(group: Group): string | null {
    const { filter, sites, state, probe } = group;
    const taken = sites.find((site) => claims.takenBy(site) !== null);
    if (taken !== undefined) return takenSentence(taken, claims.takenBy(taken) ?? '', sites);
    if (state === 'refused') return `the broker does not grant ${filter} with QoS 1; look at its access rules`;
    if (probe.isSilent()) return `the broker granted ${filter} and delivers nothing, not even our own probe`;
    return null;
  }

  function tell(group: Group): void {
    const trouble = troubleOf(group);
    if (trouble !== null && trouble !== group.told) log.warn({ filter: group.filter }, trouble);
    if (trouble === null && group.told !== null) log.info({ filter: group.filter }, 'over: readings are taken');
    group.told = trouble;
  }

  return {
    begin(connection, isResumed) {
      isSessionOld = isResumed;
      const current = new Set(groups.map(({ filter }) => filter));
      if (isResumed) connection.forget(options.formerFilters.filter((filter) => !current.has(filter)));
      // One by one and by name: RabbitMQ gives what is retained only so. At QoS 0, nothing of it queues for the absent.
      const topics = [...options.sites, ...options.otherSites].map((site) => statusTopic(site, INGEST_DEVICE));
      void connection.subscribe(topics, 0);
    },
    end() {
      for (const group of groups) {
        group.state = 'off';
        group.told = null;
        group.probe.end();
      }
    },
    heard: (site) => groupOf(site)?.probe.heard(),
    look(connection) {
      for (const group of groups) {
        steer(group, connection);
        tell(group);
      }
    },
    isDecided: () => groups.every((group) => group.state === 'granted' || troubleOf(group) !== null),
    trouble() {
      const troubles = groups.map(troubleOf).filter((trouble) => trouble !== null);
      return troubles.length > 0 ? troubles.join('; ') : null;
    },
    silent: () => groups.filter(({ probe }) => probe.isSilent()).map(({ filter }) => filter),
  };
}

function createGroups({ sites, isBySite, times, uptimeMs }: SubscriptionOptions): Group[] {
  const ofGroups = isBySite ? sites.map((site) => [site]) : [sites];
  return ofGroups.map((ofGroup) => ({
    filter: telemetryFilter(isBySite ? ofGroup[0] : undefined),
    sites: ofGroup,
    probe: createProbe(times.probeMs, uptimeMs),
    state: 'off',
    retryAtMs: 0,
    told: null,
  }));
}

function takenSentence(site: string, owner: string, sites: readonly string[]): string {
  const rest = sites.length > 1 ? ', and so none of this ingest’s sites is' : '';
  return `site ${site} is taken by another ingest, ${owner}, and is not taken here${rest}; see mqtt.sites`;
}

/** Alarms about the broker elsewhere, and about other ingests at it (contract 3.5). */
import type { AlarmDesk } from '../ingest/alarms/desk.ts';
import { createServerWatch } from '../ingest/server-watch.ts';
import type { MqttSourceHealth } from '../link/mqtt-source.ts';
import type { SiteId } from '../model/ids.ts';
import type { Log } from '../model/log.ts';
import { raiseOfServer, serverConditionKey } from '../model/server-condition.ts';

export interface BrokerWatchDependencies {
  readonly alarms: AlarmDesk;
  readonly now: () => number;
  readonly log: Log;
}

type Watched = Pick<MqttSourceHealth, 'connected' | 'silent' | 'gone'>;

const WATCH_MS = 1_000;
/** A broker that restarts is not one that is away. */
const AWAY_MS = 30_000;

/** `health` gives null where the broker is our own. Returns how to stop. */
export function startBrokerWatch(health: () => Watched | null, dependencies: BrokerWatchDependencies): () => void {
  const { alarms, now, log } = dependencies;
  const uptimeMs = (): number => performance.now();
  let connectedAtMs = uptimeMs();

  function isAway(): boolean {
    if (health()?.connected ?? true) connectedAtMs = uptimeMs();
    return uptimeMs() - connectedAtMs >= AWAY_MS;
  }

  const look = createServerWatch(
    { 'broker-away': isAway, 'broker-silent': () => (health()?.silent.length ?? 0) > 0 },
    { alarms, now, uptimeMs, log },
  );

  function lookForGone(): void {
    const gone = new Map((health()?.gone ?? []).map((site) => [keyOf(site), site as SiteId]));
    for (const [key, site] of gone) {
      if (alarms.isActive(key)) continue;
      alarms.apply(raiseOfServer('ingest-gone', now(), { site }));
      log.warn({ site }, 'the ingest of this site has fallen silent');
    }
    for (const key of alarms.activeKeys()) {
      if (key.startsWith(keyOf('')) && !gone.has(key))
        alarms.apply({ kind: 'return', key, at: now(), isHistorical: false });
    }
  }

  const watching = setInterval(() => {
    look();
    lookForGone();
  }, WATCH_MS);
  return () => clearInterval(watching);
}

function keyOf(site: string): string {
  return serverConditionKey('ingest-gone', site as SiteId);
}

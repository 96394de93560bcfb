/** Where readings come in: the embedded broker, or a subscription at a broker elsewhere. */
import { join } from 'node:path';
import { startBroker } from '../broker/broker.ts';
import type { Ingest } from '../ingest/ingest.ts';
import { sourceFilters } from '../link/mqtt-source/subscriptions.ts';
import { startMqttSource } from '../link/mqtt-source.ts';
import type { Log } from '../model/log.ts';
import { type BrokerAccess, brokerAccess, loopbackUrl } from './broker-access.ts';
import { startBrokerWatch } from './broker-watch.ts';
import type { OwnSites } from './config/own-sites.ts';
import type { Settings } from './config/settings.ts';
import { openMqttSession } from './mqtt-session.ts';

export interface Intake {
  /** For clients of our own. */
  readonly access: BrokerAccess;
  /** Without a password. */
  readonly url: string;
  /** Of the embedded broker. */
  readonly mqttPort: number | null;
  /** What is published from now on is taken. */
  readonly ready: Promise<void>;
  /** `reason`: what is wrong, in a sentence. */
  health(): { readonly reason: string | null };
  stop(): Promise<void>;
}

interface IntakeDependencies {
  /** A file of the data folder proves to be damaged, and stays in use. */
  readonly onDamage?: (file: string, reason: string) => void;
  readonly ingest: Pick<Ingest, 'take' | 'alarms' | 'now' | 'agingNow'>;
  readonly log: Log;
}

const SESSION_FILE = 'broker.db';

export async function startEmbedded(
  settings: Settings,
  { ingest, log, onDamage }: IntakeDependencies,
): Promise<Intake> {
  const { host, dataDir, mqttPort } = settings;
  const broker = await startBroker(
    { host, port: mqttPort, sessionFile: join(dataDir, SESSION_FILE) },
    {
      onTelemetry: ingest.take,
      log,
      now: ingest.agingNow,
      onDamage: (reason) => onDamage?.(SESSION_FILE, reason),
    },
  );
  // Alarms of another configuration, about a broker elsewhere, are over.
  const stopWatch = startBrokerWatch(() => null, { ...ingest, log });
  const url = loopbackUrl('mqtt', host, broker.port);
  return {
    access: { url },
    url,
    mqttPort: broker.port,
    ready: Promise.resolve(),
    health: () => ({ reason: null, ...broker.health() }),
    async stop() {
      stopWatch();
      await broker.stop();
    },
  };
}

export function startOutside(
  options: OwnSites & { readonly settings: Settings },
  { ingest, log }: IntakeDependencies,
): Intake {
  const { settings, plant, otherSites } = options;
  const sites = [...plant.sites.keys()];
  const isBySite = settings.mqtt.sites !== undefined;
  const access = brokerAccess(settings, '');
  const session = openMqttSession(settings.dataDir, sourceFilters(sites, isBySite));
  const source = startMqttSource(
    { ...access, ...session, sites, isBySite, otherSites },
    { onTelemetry: ingest.take, log },
  );
  const stopWatch = startBrokerWatch(source.health, { ...ingest, log });
  return {
    access,
    url: source.health().url,
    mqttPort: null,
    ready: source.ready,
    health: source.health,
    async stop() {
      stopWatch();
      await source.stop();
    },
  };
}

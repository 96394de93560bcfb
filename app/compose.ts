/** The composition root: every part, wired by hand, in the order they start; they stop the other way round. */
import { join } from 'node:path';
import { type Broker, startBroker } from '../broker/broker.ts';
import { startDashboard } from '../dashboard/dashboard.ts';
import { type Ingest, startIngest } from '../ingest/ingest.ts';
import { openSqliteStore } from '../ingest/store/sqlite-store.ts';
import type { Log } from '../model/log.ts';
import { openDataDir, writeRunFile } from './data-dir.ts';
import type { PlantFiles } from './plant-files.ts';
import type { Settings } from './settings.ts';
import { StartError } from './start-error.ts';
import { startVillage, type Village } from './village.ts';

export interface ComposeOptions extends PlantFiles {
  readonly settings: Settings;
  /** Simulated sites are simulated here, over the embedded broker. */
  readonly withSim: boolean;
}

export interface Running {
  readonly httpPort: number;
  readonly mqttPort: number;
  readonly village: Village | null;
  stop(): Promise<void>;
}

type Stop = () => void | Promise<void>;

export async function compose(options: ComposeOptions, log: Log): Promise<Running> {
  const { settings, plant, rules, withSim } = options;
  const { dataDir, host } = settings;
  const now = Date.now;
  const stops: Stop[] = [];
  const stop = async (): Promise<void> => {
    for (const each of stops.splice(0).reverse()) await each();
  };

  try {
    stops.push(openDataDir(dataDir));

    const store = await openSqliteStore(join(dataDir, 'readings.db'));
    stops.push(store.stop);

    const ingest = await startIngest({ plant, rules, dataDir }, { store, log, now });
    stops.push(ingest.stop);

    const broker = await startBroker({ host, port: settings.mqttPort }, { onTelemetry: ingest.take, log }).catch(
      portTaken(host, settings.mqttPort, '--mqtt-port'),
    );
    stops.push(broker.stop);

    const village = withSim ? await startVillage(options, `mqtt://${host}:${broker.port}`, log) : null;
    if (village) stops.push(village.stop);

    const dashboard = await startDashboard(
      { host, port: settings.httpPort, plant, rules },
      { ...ingest, health: () => health(ingest, broker), simulator: village, log, now },
    ).catch(portTaken(host, settings.httpPort, '--http-port'));
    stops.push(dashboard.stop);

    const { port: httpPort } = dashboard;
    const { port: mqttPort } = broker;
    stops.push(writeRunFile(dataDir, { pid: process.pid, startedAt: new Date().toISOString(), httpPort, mqttPort }));
    return { httpPort, mqttPort, village, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function health(ingest: Ingest, broker: Broker) {
  return { ...ingest.health(), broker: { clients: broker.clients() }, uptimeS: Math.round(process.uptime()) };
}

function portTaken(host: string, port: number, flag: string): (error: NodeJS.ErrnoException) => never {
  return (error) => {
    if (error.code === 'EADDRINUSE') {
      throw new StartError(`port ${port} on ${host} is taken by another program; choose one with ${flag}`);
    }
    if (error.code === 'EACCES' || error.code === 'EADDRNOTAVAIL') {
      throw new StartError(`cannot listen on ${host} port ${port} (${error.code}); choose with --host and ${flag}`);
    }
    throw error;
  };
}

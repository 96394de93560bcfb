/** The composition root: every part, wired by hand, in the order they start; they stop the other way round. */
import { startDashboard } from '../dashboard/dashboard.ts';
import { createDataFaults } from '../ingest/data-faults.ts';
import { startIngest } from '../ingest/ingest.ts';
import { openPeople } from '../ingest/people/people.ts';
import type { Log } from '../model/log.ts';
import { type BrokerAccess, isOutside } from './broker-access.ts';
import { startClockSync } from './clock-sync.ts';
import { peopleFile } from './config/people-faults.ts';
import type { PlantFiles } from './config/plant-files.ts';
import type { Settings } from './config/settings.ts';
import { openDataDir, writeRunFile, writeRunToken } from './data-dir.ts';
import { healthOf } from './health.ts';
import { startEmbedded, startOutside } from './intake.ts';
import { startMemoryPolicy } from './memory-policy.ts';
import { startNotification } from './notification.ts';
import { startNotifyWatch } from './notify-watch.ts';
import { openStore } from './open-store.ts';
import { RELEASE } from './release.ts';
import { StartError } from './start-error.ts';
import { startVillage, type Village } from './village.ts';

export interface ComposeOptions extends PlantFiles {
  readonly settings: Settings;
}

/** What has been started, with the one way to end it. */
export interface Running {
  readonly village: Village | null;
  stop(): Promise<void>;
}

export interface RunningServer extends Running {
  readonly httpPort: number;
  /** Of the embedded broker. */
  readonly mqttPort: number | null;
  readonly mqttUrl: string;
}

/** Broker, ingest and dashboard, and the simulated village where it is wanted and the plant has one. */
export function composeServer(options: ComposeOptions & { withSim: boolean }, log: Log): Promise<RunningServer> {
  const { settings, plant, rules, withSim } = options;
  const { dataDir, host } = settings;

  return inOrder(async (started) => {
    const dataFaults = createDataFaults();
    started(openDataDir(dataDir));

    const store = await openStore(settings, plant, log).catch(unusable(dataDir));
    started(store.stop);

    const clockSync = await startClockSync();
    started(clockSync.stop);
    const isUnsynchronised = () => clockSync.state() === 'unsynchronised';
    const isSynchronised = () => clockSync.state() === 'synchronised';
    const clock = { now: Date.now, uptimeMs: () => performance.now(), isUnsynchronised, isSynchronised };

    const releasedAtMs = Date.parse(RELEASE.date);
    const ingest = await startIngest({ plant, rules, dataDir, releasedAtMs }, { store, log, clock, dataFaults }).catch(
      unusable(dataDir),
    );
    started(ingest.stop);
    const people = await Promise.try(() => openPeople(peopleFile(settings), ingest.agingNow)).catch(unusable(dataDir));
    started(people.close);
    const notify = await Promise.try(() => startNotification(options, { ingest, people, log })).catch(
      unusable(dataDir),
    );
    started(notify.stop);
    started(startNotifyWatch(notify.counts, { ...ingest, log }));
    started(startMemoryPolicy(() => ingest.health().ingest));

    const intake = isOutside(settings)
      ? startOutside(options, { ingest, log })
      : await startEmbedded(settings, { ingest, log })
          .catch(unusable(dataDir))
          .catch(portTaken(host, settings.mqttPort, '--mqtt-port'));
    started(intake.stop);

    const village = withSim ? await startVillage({ ...options, heard: intake.ready }, intake.access, log) : null;
    if (village) started(village.stop);

    const { token: runToken, remove } = writeRunToken(dataDir);
    started(remove);
    const dashboard = await startDashboard(
      { host, port: settings.httpPort, plant, rules, runToken },
      { ...ingest, people, health: () => healthOf({ ingest, intake, notify, village }), simulator: village, log },
    ).catch(portTaken(host, settings.httpPort, '--http-port'));
    started(dashboard.stop);

    const ports = { httpPort: dashboard.port, mqttPort: intake.mqttPort, mqttUrl: intake.url };
    started(writeRunFile(dataDir, { pid: process.pid, startedAt: new Date().toISOString(), host, ...ports }));
    return { ...ports, village };
  });
}

/** The simulated village alone, for a broker elsewhere. */
export function composeSim(options: ComposeOptions, access: BrokerAccess, log: Log): Promise<Running> {
  return inOrder(async (started) => {
    started(openDataDir(options.settings.dataDir));
    const village = await startVillage(options, access, log);
    if (!village) throw new StartError(`${options.settings.plant}: no site is marked "simulated: true"`);
    started(village.stop);
    return { village };
  });
}

type Stop = () => void | Promise<void>;

/** Starts part after part; they stop the other way round, also where a later one cannot start. */
async function inOrder<T>(
  start: (started: (stop: Stop) => void) => Promise<T>,
): Promise<T & { stop(): Promise<void> }> {
  const stops: Stop[] = [];
  const stop = async (): Promise<void> => {
    for (const each of stops.splice(0).reverse()) await each();
  };
  try {
    return { ...(await start((each) => stops.push(each))), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A damaged file, or one of a newer version: nothing is mended behind the operator's back. */
function unusable(dataDir: string): (error: Error & { code?: string }) => never {
  return (error) => {
    if (error.name !== 'StoreError' && error.code !== 'ERR_SQLITE_ERROR') throw error;
    throw new StartError(`the data in ${dataDir} cannot be used: ${error.message}`);
  };
}

function portTaken(host: string, port: number, flag: string): (error: NodeJS.ErrnoException) => never {
  return (error) => {
    if (error.code === 'EADDRINUSE') {
      throw new StartError(`port ${port} on ${host} is taken by another program; choose one with ${flag}`);
    }
    if (['EACCES', 'EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN'].includes(error.code ?? '')) {
      throw new StartError(`cannot listen on ${host} port ${port} (${error.code}); choose with --host and ${flag}`);
    }
    throw error;
  };
}

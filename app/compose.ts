/** The composition root: every part, wired by hand, in the order they start; they stop the other way round. */
import { join } from 'node:path';
import { startDashboard } from '../dashboard/dashboard.ts';
import { createDataFaults } from '../ingest/data-faults.ts';
import { startIngest } from '../ingest/ingest.ts';
import type { Log } from '../model/log.ts';
import { type BrokerAccess, isOutside } from './broker-access.ts';
import { startClockSync } from './clock-sync.ts';
import type { PlantFiles } from './config/plant-files.ts';
import type { Settings } from './config/settings.ts';
import { openDataDir } from './data-dir.ts';
import { openDataFolder, remedyFor } from './folder/data-folder.ts';
import { keepPeople } from './folder/kept-people.ts';
import { giveToOwner, shutOutOthers } from './folder/rights.ts';
import type { Database } from './folder/stock.ts';
import { healthOf } from './health.ts';
import { startEmbedded, startOutside } from './intake.ts';
import { startMemoryPolicy } from './memory-policy.ts';
import { startNotification } from './notification.ts';
import { startNotifyWatch } from './notify-watch.ts';
import { openStore } from './open-store.ts';
import { RELEASE } from './release.ts';
import { writeRunFile, writeRunToken } from './run-files.ts';
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
    started(() => giveToOwner(dataDir));
    const readings = settings.influx ? 'outbox.db' : 'readings.db';
    const databases: Database[] = [
      readings,
      'alarms.db',
      'notify.db',
      ...(isOutside(settings) ? [] : ['broker.db' as const]),
    ];
    const folder = openDataFolder({ dir: dataDir, databases }, { dataFaults, log, now: Date.now });
    started(folder.stop);
    const told = shutOutOthers(dataDir);
    if (told !== null) log.warn({ dataDir }, told);

    const store = await openStore(settings, plant, { log, dataFaults }).catch(unusable(dataDir, readings));
    started(store.stop);

    const clockSync = await startClockSync();
    started(clockSync.stop);
    const isUnsynchronised = () => clockSync.state() === 'unsynchronised';
    const isSynchronised = () => clockSync.state() === 'synchronised';
    const clock = { now: Date.now, uptimeMs: () => performance.now(), isUnsynchronised, isSynchronised };

    const releasedAtMs = Date.parse(RELEASE.date);
    const ingest = await startIngest({ plant, rules, dataDir, releasedAtMs }, { store, log, clock, dataFaults }).catch(
      unusable(dataDir, 'alarms.db'),
    );
    started(ingest.stop);
    const people = await Promise.try(() => keepPeople(dataDir, { dataFaults, log, now: ingest.agingNow })).catch(
      unusable(dataDir, 'people.db'),
    );
    started(people.close);
    const onDamage = folder.setAside;
    const notify = await folder
      .openSecondary('notify.db', () => startNotification(options, { ingest, people, log, onDamage }))
      .catch(unusable(dataDir, 'notify.db'));
    started(notify.stop);
    started(startNotifyWatch(notify.counts, { ...ingest, log }));
    started(startMemoryPolicy(() => ingest.health().ingest));

    const intake = isOutside(settings)
      ? startOutside(options, { ingest, log })
      : await folder
          .openSecondary('broker.db', () => startEmbedded(settings, { ingest, log, onDamage: folder.noteDamage }))
          .catch(unusable(dataDir, 'broker.db'))
          .catch(portTaken(host, settings.mqttPort, '--mqtt-port'));
    started(intake.stop);
    folder.enlist();
    giveToOwner(dataDir);

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
function unusable(dir: string, file: string): (error: Error & { code?: string }) => never {
  return (error) => {
    if (error.name !== 'StoreError' && error.code !== 'ERR_SQLITE_ERROR') throw error;
    const path = join(dir, file);
    const fault = error.message.startsWith(path) ? error.message : `${path} cannot be used: ${error.message}`;
    // Who owns the file may have said all there is to say.
    if (fault.includes('repair')) throw new StartError(fault);
    const isNewer = /version \d/.test(error.message);
    const remedy = isNewer ? 'start the newer program that wrote it' : remedyFor(dir, file);
    throw new StartError(`${fault}; ${remedy}`);
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

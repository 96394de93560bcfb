/** The store that the settings ask for. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DataFaults } from '../ingest/data-faults.ts';
import type { ReadingStore } from '../ingest/store/reading-store.ts';
import { openSqliteStore } from '../ingest/store/sqlite-store.ts';
import type { DataFault } from '../model/data-fault.ts';
import type { Log } from '../model/log.ts';
import type { Plant } from '../model/plant.ts';
import type { Settings } from './config/settings.ts';
import { StartError } from './start-error.ts';

interface Dependencies {
  readonly log: Log;
  readonly dataFaults: Pick<DataFaults, 'note'>;
}

export async function openStore(
  settings: Settings,
  plant: Plant,
  { log, dataFaults }: Dependencies,
): Promise<ReadingStore> {
  const { dataDir, influx, retention } = settings;
  if (!influx) {
    const options = { ...retention, waitsForTime: true };
    return await openSqliteStore(join(dataDir, 'readings.db'), options, teller(dataFaults, log));
  }
  // Loaded where it is used: who keeps readings here need not hold it in memory.
  const { openInfluxStore } = await import('../ingest/store/influx-store.ts');
  return await openInfluxStore(
    {
      ...influx,
      token: readSecret(influx.tokenFile),
      password: readSecret(influx.passwordFile),
      file: join(dataDir, 'outbox.db'),
      placeOf: (device) => plant.devices.get(device),
    },
    { log },
  );
}

/** As many lines of one file's damage as somebody reads; all of it is counted on `/api/health`. */
const MAX_LINES = 20;

function teller(dataFaults: Pick<DataFaults, 'note'>, log: Log): (fault: DataFault) => void {
  let lines = 0;
  return (fault) => {
    dataFaults.note(fault);
    if (lines++ < MAX_LINES) log.warn(fault, fault.detail);
  };
}

function readSecret(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new StartError(`${file}: cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

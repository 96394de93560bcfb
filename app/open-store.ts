/** The store that the settings ask for. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ReadingStore } from '../ingest/store/reading-store.ts';
import { openSqliteStore } from '../ingest/store/sqlite-store.ts';
import type { Log } from '../model/log.ts';
import type { Plant } from '../model/plant.ts';
import type { Settings } from './config/settings.ts';
import { StartError } from './start-error.ts';

export async function openStore(settings: Settings, plant: Plant, log: Log): Promise<ReadingStore> {
  const { dataDir, influx, retention } = settings;
  if (!influx) return await openSqliteStore(join(dataDir, 'readings.db'), { ...retention, waitsForTime: true });
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

function readSecret(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new StartError(`${file}: cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** The simulated village as devices would be: over MQTT, to the broker like anyone else. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../device-sim/clock.ts';
import { startSim } from '../device-sim/sim.ts';
import { startMqttLink } from '../link/mqtt-link.ts';
import type { Log } from '../model/log.ts';
import type { Plant } from '../model/plant.ts';
import type { BrokerAccess } from './broker-access.ts';
import { networkFile } from './config/plant-files.ts';
import type { Settings } from './config/settings.ts';
import { StartError } from './start-error.ts';

export interface VillageOptions {
  readonly settings: Settings;
  readonly plant: Plant;
  /** Somebody subscribes by now: what is published before, a broker elsewhere keeps for nobody. */
  readonly heard?: Promise<void>;
}

export type Village = NonNullable<Awaited<ReturnType<typeof startVillage>>>;

/** Null where the plant has no simulated site. */
export async function startVillage({ settings, plant, heard }: VillageOptions, access: BrokerAccess, log: Log) {
  const site = [...plant.sites.values()].find(({ simulated }) => simulated);
  if (!site) return null;
  const network = readNetwork(settings, site.network);
  const link = startMqttLink({ ...access, clientId: `sim-${site.id}` }, log);
  const publish: typeof link.publish = async (topic, payload) => {
    await heard;
    await link.publish(topic, payload);
  };
  const { seed, backfillDays } = settings.sim;
  const statePath = join(settings.dataDir, 'sim.json');
  try {
    const sim = await startSim({ plant, network, seed, backfillDays, statePath }, { publish, clock: systemClock, log });
    const stop = async (): Promise<void> => {
      await sim.stop();
      await link.stop();
    };
    return { status: sim.status, onProgress: sim.onProgress, stop };
  } catch (error) {
    await link.stop();
    const { code, message } = error as { code?: string; message: string };
    if (code === 'cannot-simulate' || code === 'bad-network') {
      throw new StartError(`site "${site.id}" cannot be simulated: ${message}`);
    }
    throw error;
  }
}

function readNetwork(settings: Settings, network = ''): string {
  const file = networkFile(settings, network);
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new StartError(`${file}: the network file cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** The simulated village as devices would be: over MQTT, to the broker like anyone else. */
import { join } from 'node:path';
import { systemClock } from '../device-sim/clock.ts';
import { type Sim, startSim } from '../device-sim/sim.ts';
import { startMqttLink } from '../link/mqtt-link.ts';
import type { BridgeFile } from '../model/bridge-file.ts';
import type { Log } from '../model/log.ts';
import type { Plant, Site } from '../model/plant.ts';
import type { BrokerAccess } from './broker-access.ts';
import type { Settings } from './config/settings.ts';
import { loadVillageFiles } from './config/village-files.ts';
import { cannotSimulate, makeTown } from './make-town.ts';
import { ConfigError, StartError } from './start-error.ts';

export interface VillageOptions {
  readonly settings: Settings;
  readonly plant: Plant;
  /** Somebody subscribes by now: what is published before, a broker elsewhere keeps for nobody. */
  readonly heard?: Promise<void>;
}

export interface Village extends Sim {
  readonly site: Site;
  /** It answers as Modbus units. */
  readonly hasModbus: boolean;
}

/** Null where the plant has no simulated site. */
export async function startVillage(
  { settings, plant, heard }: VillageOptions,
  access: BrokerAccess,
  log: Log,
): Promise<Village | null> {
  const { sim: wanted } = settings;
  const nowMs = systemClock.now();
  const { value: files, faults } = loadVillageFiles(settings, plant, nowMs);
  if (faults.length > 0) throw new ConfigError(faults);
  if (!files) return null;
  if (files.beginMs > nowMs) throw new ConfigError(['--from, sim.from: lies in the future; a village lives up to now']);
  // Once apart from the village that goes on, so that all the faults of a scenario are told and not the first.
  if (files.scenario) await makeTown({ files, plant, seed: wanted.seed });
  const link = startMqttLink({ ...access, clientId: `sim-${files.site.id}` }, log);
  const publish: typeof link.publish = async (topic, payload) => {
    await heard;
    await link.publish(topic, payload);
  };
  const options = {
    ...wanted,
    plant,
    network: files.network,
    statePath: join(settings.dataDir, 'sim.json'),
    fromMs: wanted.from === null ? undefined : files.beginMs,
    faults: files.scenario?.faults,
    truthPath: wanted.truth ?? undefined,
  };
  try {
    const sim = await startSim(options, { publish, clock: systemClock, log }).catch(cannotSimulate(files));
    const units = await startUnits(files.bridge, sim, log).catch(async (error: Error) => {
      await sim.stop();
      throw new StartError(error.message);
    });
    const stop = async (): Promise<void> => {
      await units?.stop();
      await sim.stop();
      await link.stop();
    };
    return { ...sim, site: files.site, hasModbus: units !== null, stop };
  } catch (error) {
    await link.stop();
    throw error;
  }
}

async function startUnits(bridgeFile: BridgeFile | null, { values, board, status }: Sim, log: Log) {
  if (!bridgeFile) return null;
  // Only now: serial ports take 15 MB.
  const { startModbusUnits } = await import('../device-sim/modbus/modbus-units.ts');
  const nowMs = (): number => status().villageMs;
  return startModbusUnits({ bridgeFile, values, faults: board, nowMs }, { log });
}

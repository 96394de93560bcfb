/** A village that has just begun, of the files that describe it; what cannot be simulated is told with file and line. */
import { createTown, type Town } from '../device-sim/town.ts';
import type { Plant } from '../model/plant.ts';
import type { SimFault } from '../model/sim-fault.ts';
import type { VillageFiles } from './config/village-files.ts';
import { ConfigError } from './start-error.ts';

export interface TownFiles {
  readonly files: VillageFiles;
  readonly plant: Plant;
  readonly seed: number;
}

/** Its faults are known from the beginning. Throws ConfigError with all that this village cannot have. */
export async function makeTown({ files, plant, seed }: TownFiles): Promise<Town> {
  const { site, network, beginMs, scenario } = files;
  const options = { plant, site: site.id, network, seed, fromMs: beginMs };
  const empty = await createTown(options).catch(cannotSimulate(files));
  if (!scenario || scenario.faults.length === 0) return empty;
  const faults = scenario.faults.flatMap((fault) => {
    const wrong = whatIsWrong(empty, fault);
    return wrong === null ? [] : [scenario.describe(fault.id, wrong)];
  });
  if (faults.length > 0) throw new ConfigError(faults);
  return createTown({ ...options, faults: scenario.faults });
}

function whatIsWrong(town: Town, fault: SimFault): string | null {
  try {
    town.checked(fault);
    return null;
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (code !== 'bad-fault') throw error;
    return message;
  }
}

/** Of the network file, `line 7: …` in its message, or of the plant file. */
export function cannotSimulate(
  files: VillageFiles,
): (error: Error & { code?: string; device?: string | null }) => never {
  const { site, networkName, describeDevice } = files;
  return (error) => {
    const { code, message, device } = error;
    if (code === 'bad-network')
      throw new ConfigError([`${networkName}${message.replace(/^line (\d+): /, ':$1 ').replace(/^(?!:)/, ': ')}`]);
    if (code === 'cannot-simulate') {
      const fault = `site "${site.id}" cannot be simulated: ${message}`;
      throw new ConfigError([device == null ? fault : describeDevice(device, fault)]);
    }
    throw error;
  };
}

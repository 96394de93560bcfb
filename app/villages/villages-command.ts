/** `aimak sim --villages N`: many copies of the simulated site, for a broker elsewhere; or the plant of who receives them. */
import { ID_PATTERN } from '../../model/ids.ts';
import type { Plant } from '../../model/plant.ts';
import { brokerAccess } from '../broker-access.ts';
import { type Configuration, loadConfiguration } from '../config/check-config.ts';
import type { Settings } from '../config/settings.ts';
import { loadVillageFiles, type VillageFiles } from '../config/village-files.ts';
import { readYamlFile } from '../config/yaml-file.ts';
import { createLogger } from '../logger.ts';
import { ConfigError } from '../start-error.ts';
import { stopOnSignal } from '../stop-on-signal.ts';
import { CONNECT_BY, type ConnectBy } from './connections.ts';
import { copiesOf, idIn, type OwnRule, writeCopiedPlant } from './copied-plant.ts';
import { startVillages } from './start-villages.ts';
import { quietly, startSummary } from './summary.ts';

const OWN_FLAGS = ['villages', 'connect', 'write-plant'];
/** 2 GB of memory for the hydraulics alone. */
const MAX_VILLAGES = 1000;

/** They have been found in order. */
function ownRules({ rules }: Settings): readonly OwnRule[] {
  return rules === null ? [] : ((readYamlFile(rules).content ?? []) as readonly OwnRule[]);
}

export async function runVillages(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const configuration = loadConfiguration(argv, env, { ownFlags: OWN_FLAGS });
  if (!configuration) return;
  const { plant } = configuration;
  // They begin now, or at --from: a scenario's days count from there.
  const settings = { ...configuration.settings, sim: { ...configuration.settings.sim, backfillDays: 0 } };
  const { value: files } = loadVillageFiles(settings, plant, Date.now());
  if (!files) throw new ConfigError([`${settings.plant}: no site is marked "simulated: true"`]);
  const { count, connectBy, folder } = parseOwn(configuration, files);
  if (folder !== undefined) {
    const copies = copiesOf(files.site.id, count);
    const { profiles } = settings;
    const config = writeCopiedPlant(folder, { plant, rules: ownRules(settings), profiles, site: files.site, copies });
    process.stdout.write(`the plant of ${count} villages: npm start -- --config ${config}\n`);
    return;
  }
  const log = await createLogger(settings.logLevel);
  const villages = startVillages(
    { settings, plant, files, count, connectBy },
    brokerAccess(settings, ''),
    quietly(log),
  );
  const summary = startSummary(villages.status, log);
  const stop = async (): Promise<void> => {
    await villages.stop();
    summary.finish();
  };
  stopOnSignal(stop, log);
  await villages.started.catch(async (error: unknown) => {
    await stop();
    throw error;
  });
}

function parseOwn({ settings, plant, own, words }: Configuration, { site: { id: site }, beginMs }: VillageFiles) {
  const { villages, connect = 'device', 'write-plant': folder } = Object.fromEntries(own);
  const count = Number(villages);
  const connectBy = CONNECT_BY.find((each) => each === connect) as ConnectBy;
  const faults = words.map((word) => `${word}: with --villages, sim takes options only`);
  const expect = (isSo: boolean, fault: string): void => {
    if (!isSo) faults.push(fault);
  };
  const isCount = Number.isInteger(count) && count >= 1 && count <= MAX_VILLAGES;
  expect(isCount, `--villages: expected a number from 1 to ${MAX_VILLAGES}`);
  expect(connectBy !== undefined, `--connect: expected ${CONNECT_BY.join(' or ')}`);
  expect(settings.sim.modbus === null, '--modbus, sim.modbus: one village alone can answer as Modbus units');
  expect(folder !== '', '--write-plant: expected a new folder');
  if (folder === undefined) {
    expect(settings.mqtt.url !== undefined, '--villages: expected --mqtt-url, the broker that they publish to');
    expect(beginMs <= Date.now(), '--from, sim.from: lies in the future; villages live up to now');
  }
  const [last = site] = isCount ? copiesOf(site, count).slice(-1) : [];
  for (const id of copiedIds(plant, site).filter((each) => !ID_PATTERN.test(idIn(last, each)))) {
    faults.push(`"${idIn(last, id)}" would be too long for an id`);
  }
  if (faults.length > 0) throw new ConfigError(faults);
  return { count, connectBy, folder };
}

function copiedIds({ sites, assets, devices, zones, circuits }: Plant, site: string): string[] {
  const supply = sites.get(site)?.utilitySupply;
  const named = [...assets.values(), ...devices.values(), ...zones, ...circuits].filter((each) => each.site === site);
  return [...named.map(({ id }): string => id), ...(supply === undefined ? [] : [supply])];
}

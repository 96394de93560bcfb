/** Many copies of the simulated village in one process, each with a seed and a state of its own. */
import { mkdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { systemClock } from '../../device-sim/clock.ts';
import type { Publish } from '../../device-sim/delivery.ts';
import { type Sim, startSim } from '../../device-sim/sim.ts';
import { type Engine, loadEngine } from '../../device-sim/water/epanet.ts';
import type { Log } from '../../model/log.ts';
import type { Plant } from '../../model/plant.ts';
import { parseDeviceTopic, telemetryTopic } from '../../model/topic.ts';
import type { BrokerAccess } from '../broker-access.ts';
import type { Settings } from '../config/settings.ts';
import type { VillageFiles } from '../config/village-files.ts';
import { openDataDir } from '../data-dir.ts';
import { cannotSimulate, makeTown } from '../make-town.ts';
import { type ConnectBy, createConnections } from './connections.ts';
import { copiesOf, idIn } from './copied-plant.ts';
import { type Counts, createTally } from './tally.ts';

export interface VillagesOptions {
  /** Without a back-fill: they begin now, or at `sim.from`. */
  readonly settings: Settings;
  readonly plant: Plant;
  readonly files: VillageFiles;
  readonly count: number;
  readonly connectBy: ConnectBy;
}

export interface VillagesStatus extends Counts {
  readonly villages: number;
  readonly connections: number;
  readonly connected: number;
  /** Acting now, in all of them. */
  readonly faults: number;
  readonly rssMb: number;
}

export interface Villages {
  /** Rejects where the village cannot be simulated, or not have its scenario. */
  readonly started: Promise<void>;
  status(): VillagesStatus;
  /** What was acknowledged is kept. */
  stop(): Promise<void>;
}

export function startVillages(options: VillagesOptions, access: BrokerAccess, log: Log): Villages {
  const { settings, plant, files, count, connectBy } = options;
  const closeDataDir = openDataDir(settings.dataDir);
  const copies = copiesOf(files.site.id, count);
  const devices = [...plant.devices.values()].filter(({ site }) => site === files.site.id);
  const clientIds =
    connectBy === 'gateway' ? copies : copies.flatMap((copy) => devices.map(({ id }) => idIn(copy, id)));
  const connections = createConnections(clientIds, access, log);
  const tally = createTally(systemClock.now(), systemClock.now);
  const sims: Sim[] = [];
  let isStopping = false;

  /** The village knows itself by the ids of the site that was copied. */
  function publishAs(copy: string): Publish {
    return (topic, payload) => {
      const device = idIn(copy, parseDeviceTopic(topic)?.device ?? '');
      const link = connections.link(connectBy === 'gateway' ? copy : device);
      return tally.track(payload, link.publish(telemetryTopic(copy, device), payload));
    };
  }

  async function start(): Promise<void> {
    // Once apart, so that all the faults of a scenario are told and not the first.
    if (files.scenario) await makeTown({ files, plant, seed: settings.sim.seed });
    mkdirSync(join(settings.dataDir, 'villages'), { recursive: true });
    await connections.open(() => isStopping);
    const engine = await loadEngine();
    for (const [i, copy] of copies.entries()) {
      if (isStopping) return;
      const village = villageOptions(options, engine, { copy, seed: settings.sim.seed + i });
      const sim = startSim(village, { publish: publishAs(copy), clock: systemClock, log });
      sims.push(await sim.catch(cannotSimulate(files)));
    }
  }

  async function stop(): Promise<void> {
    isStopping = true;
    await started.catch(() => undefined);
    await Promise.all(sims.map((sim) => sim.stop()));
    await connections.stop();
    closeDataDir();
  }

  const started = start();
  let stopped: Promise<void> | null = null;
  return {
    started,
    status: () => ({
      ...tally.counts(),
      villages: sims.length,
      connections: connections.total,
      connected: connections.connected(),
      faults: sims.reduce((sum, sim) => sum + sim.status().faultCount, 0),
      rssMb: process.memoryUsage.rss() / 2 ** 20,
    }),
    stop() {
      stopped ??= stop();
      return stopped;
    },
  };
}

/** Without `--from` it begins now, and what a pause leaves out is not made up for: thousands of devices would at once. */
function villageOptions(
  { settings, plant, files }: VillagesOptions,
  engine: Engine,
  { copy, seed }: { readonly copy: string; readonly seed: number },
) {
  const { sim, dataDir } = settings;
  return {
    plant,
    network: files.network,
    engine,
    seed,
    speed: sim.speed,
    backfillDays: sim.backfillDays,
    fromMs: sim.from === null ? undefined : files.beginMs,
    faults: files.scenario?.faults,
    statePath: join(dataDir, 'villages', `${copy}.json`),
    truthPath: sim.truth === null ? undefined : join(dirname(sim.truth), `${copy}-${basename(sim.truth)}`),
  };
}

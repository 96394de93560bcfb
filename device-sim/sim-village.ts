/** The village that the simulator runs: the saved one where there is one, else a new one. */
import { rename } from 'node:fs/promises';
import type { Log } from '../model/log.ts';
import { type Plant, simulatedHere } from '../model/plant.ts';
import type { SimFault } from '../model/sim-fault.ts';
import { SimulatedDeviceError } from './devices/village.ts';
import { SimulatedFaultError } from './faults.ts';
import { readState, type SimState } from './state-file.ts';
import { createTown, type Town } from './town.ts';
import type { Engine } from './water/epanet.ts';

const DAY_MS = 24 * 3_600_000;

export interface VillageOptions {
  readonly plant: Plant;
  /** Text of the site's EPANET file. */
  readonly network: string;
  readonly seed: number;
  /** How much past a new village has, and the most that is delivered after a pause. */
  readonly backfillDays: number;
  /** A JSON file in the data folder. */
  readonly statePath: string;
  /** Where a new village begins, epoch ms, in place of `backfillDays` before now. */
  readonly fromMs?: number | undefined;
  /** Of a scenario. Those that the saved village knows by id stay as it has them. */
  readonly faults?: readonly SimFault[] | undefined;
  /** Shared by many villages of a process; without it, one of its own. */
  readonly engine?: Engine | undefined;
}

export interface SavedVillage {
  readonly town: Town;
  /** What has been delivered, or is too old, ends here: from here on it is told. */
  readonly fromMs: number;
  /** When it was started. */
  readonly toMs: number;
  /** The truth up to here has been written. */
  readonly toldMs: number;
  readonly identity: Pick<SimState, 'seed' | 'site' | 'beginMs'>;
  /** To be called at `fromMs`: puts what the scenario has and the saved village does not know. Returns all faults. */
  join(): readonly SimFault[];
}

export async function openVillage(options: VillageOptions, nowMs: number, log: Log): Promise<SavedVillage> {
  const identity = { seed: options.seed, site: simulatedSite(options.plant), beginMs: options.fromMs ?? null };
  const saved = await usableState(options.statePath, identity, log);
  const oldestMs = options.fromMs ?? nowMs - options.backfillDays * DAY_MS;
  const town = saved
    ? await savedTown({ ...options, site: identity.site }, saved, log)
    : await createTown({ ...options, site: identity.site, fromMs: oldestMs });
  return {
    town,
    fromMs: Math.max(saved?.deliveredMs ?? oldestMs, oldestMs),
    toMs: nowMs,
    toldMs: saved?.deliveredMs ?? Number.NEGATIVE_INFINITY,
    identity,
    join() {
      if (saved) putNew(town, options.faults ?? [], log);
      return town.faults();
    },
  };
}

/** The plant may have changed since: a fault that has lost its target is left out. */
async function savedTown(options: VillageOptions & { site: string }, saved: SimState, log: Log): Promise<Town> {
  let { faults } = saved;
  for (;;) {
    try {
      return await createTown({ ...options, fromMs: saved.snapshot.atMs, snapshot: saved.snapshot, faults });
    } catch (error) {
      if (!(error instanceof SimulatedFaultError)) throw error;
      log.warn({ fault: error.fault.id, reason: error.message }, 'simulator: a saved fault is left out');
      faults = faults.filter(({ id }) => id !== error.fault.id);
    }
  }
}

function putNew(town: Town, faults: readonly SimFault[], log: Log): void {
  const known = new Set(town.faults().map(({ id }) => id));
  for (const fault of faults.filter(({ id }) => !known.has(id))) {
    try {
      town.put(fault);
    } catch (error) {
      if (!(error instanceof SimulatedFaultError)) throw error;
      log.warn({ fault: fault.id, reason: error.message }, 'simulator: a fault of the scenario is left out');
    }
  }
}

function simulatedSite(plant: Plant): string {
  const sites = simulatedHere(plant);
  const [site] = sites;
  if (site && sites.length === 1) return site.id;
  throw new SimulatedDeviceError(`expected one site with "simulated: true" in the plant, found ${sites.length}`);
}

/** The state to go on from. One that cannot be read, or is of another village, is put aside: the village begins anew. */
async function usableState(statePath: string, identity: SavedVillage['identity'], log: Log): Promise<SimState | null> {
  const state = await readState(statePath);
  if (state === null) return null;
  const isSame = (of: SimState): boolean =>
    of.seed === identity.seed && of.site === identity.site && of.beginMs === identity.beginMs;
  if (!('unusable' in state) && isSame(state)) return state;
  const reason = 'unusable' in state ? state.unusable : 'another village';
  const aside = `${statePath}.aside`;
  await rename(statePath, aside);
  log.warn({ statePath, aside, reason }, 'simulator: its state cannot be used, the village begins anew');
  return null;
}

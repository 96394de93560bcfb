/** Puts the water of a village together. */
import type { Plant, Site } from '../../model/plant.ts';
import { createFaultBoard, type Faults } from '../faults.ts';
import type { LocalHour } from '../local-time.ts';
import type { Power } from '../power.ts';
import { createCheck } from './check.ts';
import { createChlorine } from './chlorine.ts';
import { createCounters } from './counters.ts';
import { type Engine, loadEngine } from './epanet.ts';
import { createFileTime } from './file-time.ts';
import { createHolds } from './holds.ts';
import { createHydraulics } from './hydraulics.ts';
import { createLeaks } from './leaks.ts';
import type { NetworkFile } from './network-file.ts';
import { createTaking } from './taking.ts';
import { runWater, type Water, type WaterState } from './water.ts';

const HOUR_S = 3600;
/** Of a village. Devices report by the minute: what stood still for longer would be seen. */
const MOST_STEP_S = 300;

export interface WaterOptions {
  readonly inp: string;
  /** A full hour of UTC. */
  readonly fromMs: number;
  readonly state?: Partial<WaterState> | undefined;
  readonly seed: number;
  readonly localHour: LocalHour;
  readonly faults?: Faults;
  readonly power?: Pick<Power, 'isOn'>;
  readonly plant?: Plant;
  readonly site?: Site;
  /** Demand and steps as the file says, and its own way of demand: no season, noise or habits. */
  readonly isAsWritten?: boolean;
  /** Shared by many; without it, one of its own. */
  readonly engine?: Engine | undefined;
}

const ALWAYS_ON: Pick<Power, 'isOn'> = { isOn: () => true };

/** Rejects with a NetworkError where the file is no network. */
export async function createWater(options: WaterOptions): Promise<Water> {
  const { inp, fromMs, state = {}, faults = createFaultBoard(), power = ALWAYS_ON, localHour } = options;
  const engine = options.engine ?? (await loadEngine());
  const isAsWritten = options.isAsWritten ?? false;
  const hydraulics = createHydraulics({ inp, project: engine.createProject(), isAsWritten });
  const { file } = hydraulics;
  const { levelM } = hydraulics.initial();
  const fileTime = createFileTime(localHour, file.startClockS);
  const mostS = isAsWritten ? file.stepS : Math.min(file.stepS, MOST_STEP_S);
  const stepS = commonPart([mostS, file.patternStepS, file.patternStartS, HOUR_S]);
  const shared = { hydraulics, faults, localHour, fileTime, stepS };
  return runWater({
    ...shared,
    fromMs,
    levelM: { ...levelM, ...state.levelM },
    holds: createHolds({ ...shared, power, states: state.links ?? {} }),
    taking: createTaking({ ...options, ...shared, saved: state.households }),
    leaks: createLeaks(faults, state.leaks),
    counters: createCounters(file, state),
    chlorine: createChlorine({ file, faults, dosedAt: treatmentsOf(file, options), saved: state.chlorine }),
    check: createCheck({ inp, project: engine.createProject(), file }),
  });
}

function treatmentsOf(file: NetworkFile, { plant, site }: WaterOptions): ReadonlySet<string> {
  const assets = [...(plant?.assets.values() ?? [])].filter((asset) => site === undefined || asset.site === site.id);
  const ids = assets.filter(({ kind, id }) => kind === 'treatment' && file.nodes.has(id)).map(({ id }) => id);
  return new Set(ids);
}

/** The longest step that ends wherever a pattern changes. */
function commonPart(steps: readonly number[]): number {
  return steps.reduce((a, b) => {
    let [large, small] = [a, b];
    while (small > 0) [large, small] = [small, large % small];
    return large;
  });
}

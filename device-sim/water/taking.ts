/** What is taken out of the network and what stands at its edges: demand, hydrants, household tanks, wells, pump speeds. */
import type { Plant, Site } from '../../model/plant.ts';
import type { Faults } from '../faults.ts';
import type { LocalHour } from '../local-time.ts';
import { consumersOf, demandAsWritten, demandOfVillage, type Wanted } from './demand.ts';
import { type FileTime, stepped } from './file-time.ts';
import { createHabits } from './habits.ts';
import { createHouseholds, type HouseholdState } from './households.ts';
import type { Hydraulics } from './hydraulics.ts';
import { wellOf } from './wells.ts';

export interface Taking {
  /** EPANET has begun a run and knows nothing. */
  begin(): void;
  /** Before solving. */
  apply(atMs: number): void;
  /** A segment is solved, and lasts so long. */
  settle(passedS: number): void;
  state(): HouseholdState;
}

export interface TakingOptions {
  readonly hydraulics: Hydraulics;
  readonly faults: Faults;
  readonly localHour: LocalHour;
  readonly fileTime: FileTime;
  readonly seed: number;
  readonly stepS: number;
  readonly plant?: Plant | undefined;
  readonly site?: Site | undefined;
  readonly isAsWritten?: boolean | undefined;
  readonly saved: HouseholdState | undefined;
}

export function createTaking(options: TakingOptions): Taking {
  const { hydraulics, faults, fileTime, stepS, saved } = options;
  const { file } = hydraulics;
  const consumers = consumersOf(file, options.plant, options.site);
  const households = createHouseholds(consumers, { file, faults, saved });
  const fill = wantedBy(options, consumers);
  const wanted = new Float64Array(consumers.length);
  const refills = new Float64Array(consumers.length);
  let filledAtMs = Number.NaN;
  /** By junction, m3/h. */
  let hydrants = new Map<string, number>();
  let isKnown = false;

  /** Within a step nobody changes his mind, also where the step is cut. Whether it is another step than before. */
  function fillIn(atMs: number): boolean {
    const stepAtMs = Math.floor(atMs / (stepS * 1000)) * stepS * 1000;
    if (stepAtMs === filledAtMs) return false;
    filledAtMs = stepAtMs;
    fill(stepAtMs, wanted);
    households.look(atMs);
    refills.fill(0);
    if (households.isActive) for (let i = 0; i < refills.length; i++) refills[i] = households.refill(i, stepS);
    return true;
  }

  function applyDemand(atMs: number): void {
    const drawn = hydrantsAt(faults, atMs);
    const isSame = !fillIn(atMs) && isKnown && drawn.size === 0 && hydrants.size === 0;
    if (isSame) return;
    isKnown = true;
    for (const node of hydrants.keys()) if (!drawn.has(node)) hydraulics.setDemand(node, 0);
    for (const [node, m3h] of drawn) hydraulics.setDemand(node, m3h);
    consumers.forEach(({ node }, i) => {
      hydraulics.setDemand(node, (wanted[i] ?? 0) + (refills[i] ?? 0) + (drawn.get(node) ?? 0));
    });
    hydrants = drawn;
  }

  function applyEdges(atMs: number): void {
    const sinceBeginS = fileTime.sinceBeginS(atMs);
    const fallen = new Map<string, number>();
    for (const { target, sizes } of faults.actingAnywhere('well-falls', atMs)) {
      fallen.set(wellOf(file, target) ?? '', sizes.byM ?? 0);
    }
    for (const { node, headM, pattern } of file.reservoirs) {
      hydraulics.setHead(node, headM * stepped(pattern, file, sinceBeginS) - (fallen.get(node) ?? 0));
    }
    for (const { pump, pattern } of file.speeds) hydraulics.setSpeed(pump, stepped(pattern, file, sinceBeginS));
  }

  return {
    begin() {
      isKnown = false;
    },
    apply(atMs) {
      applyEdges(atMs);
      applyDemand(atMs);
    },
    settle(passedS) {
      if (!households.isActive) return;
      consumers.forEach(({ node }, i) => {
        const drawn = hydrants.get(node) ?? 0;
        const delivered = Math.max(0, hydraulics.taken(node) - drawn);
        households.note(i, { wanted: wanted[i] ?? 0, delivered }, passedS);
      });
    },
    state: () => households.state(),
  };
}

function wantedBy(options: TakingOptions, consumers: ReturnType<typeof consumersOf>): Wanted {
  const common = { file: options.hydraulics.file, fileTime: options.fileTime, consumers };
  if (options.isAsWritten) return demandAsWritten(common);
  const { faults, localHour, site, seed } = options;
  return demandOfVillage({ ...common, seed, localHour, habits: createHabits({ faults, localHour, site }) });
}

function hydrantsAt(faults: Faults, atMs: number): Map<string, number> {
  const drawn = new Map<string, number>();
  for (const { target, sizes } of faults.actingAnywhere('hydrant', atMs)) {
    drawn.set(target, (drawn.get(target) ?? 0) + (sizes.flowM3h ?? 0));
  }
  return drawn;
}

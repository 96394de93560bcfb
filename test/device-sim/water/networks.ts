/** Networks for the tests of the water: the village, EPANET's Net3, L-Town where it is there, and one with everything. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Project, Workspace } from 'epanet-js';
import type { TestContext } from 'vitest';
import { createFaultBoard, type FaultBoard } from '../../../device-sim/faults.ts';
import { createLocalHour } from '../../../device-sim/local-time.ts';
import { createPower } from '../../../device-sim/power.ts';
import { createWater, type WaterOptions } from '../../../device-sim/water/create-water.ts';
import type { Water } from '../../../device-sim/water/water.ts';
import type { SimFault } from '../../../model/sim-fault.ts';
import { plant, network as village } from '../village.ts';

export { village };
export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
/** A Monday, midnight in UTC. */
export const MONDAY = Date.UTC(2026, 10, 2);
const PRESSURE_M = 2;
const UNITS_CMH = 8;

export const net3 = readFileSync(new URL('../networks/net3.inp', import.meta.url), 'utf8');
export const everything = readFileSync(new URL('../networks/everything.inp', import.meta.url), 'utf8');

const SHARED = process.env.AIMAK_SHARED ?? join(import.meta.dirname, '../../../../shared');
const L_TOWN = join(SHARED, 'data/battledim-network/L-TOWN.inp.gz');

/** Skips the test, and says so, where it is not there: it is no part of the repository. */
export function readLTown({ skip }: Pick<TestContext, 'skip'>): string {
  if (!existsSync(L_TOWN)) skip(`${L_TOWN} is not there (set AIMAK_SHARED)`);
  return gunzipSync(readFileSync(L_TOWN)).toString('utf8');
}

/** The file with another hydraulic time step. */
export function inSteps(inp: string, stepS: number): string {
  return inp.replace(/^ *Hydraulic Timestep .*$/im, ` Hydraulic Timestep ${stepS / 3600}`);
}

export function fault(kind: string, target: string, rest: Partial<SimFault> = {}): SimFault {
  return { id: `${kind}-${target}`, kind, target, metric: null, fromMs: MONDAY, toMs: null, sizes: {}, ...rest };
}

interface WorldOptions extends Partial<WaterOptions> {
  readonly inp: string;
  readonly faults?: FaultBoard;
}

/** Water in UTC, with a board of its own. */
export function waterOf({ faults = createFaultBoard(), ...options }: WorldOptions): Promise<Water> {
  const power = createPower(faults, 'toru');
  const localHour = createLocalHour('UTC');
  return createWater({ fromMs: MONDAY, seed: 1, localHour, faults, power, ...options });
}

/** The village's water, with the plant file's zones and treatment. */
export function villageWater(faults: readonly SimFault[] = [], options: Partial<WaterOptions> = {}): Promise<Water> {
  const site = plant.sites.get('toru');
  return waterOf({ inp: village, plant, ...(site ? { site } : {}), ...options, faults: createFaultBoard(faults) });
}

/** Advances to the segment that holds a time. */
export function advanceTo(water: Water, atMs: number): void {
  while (water.toMs <= atMs) water.advance();
}

export interface PlainState {
  readonly atS: number;
  readonly headsM: readonly number[];
  readonly flowsM3h: readonly number[];
}

/** EPANET alone, by its own toolkit: the file as it is, in m3/h and m. */
export async function plainRun(inp: string, hours: number): Promise<PlainState[]> {
  const workspace = new Workspace();
  await workspace.loadModule();
  const project = new Project(workspace);
  // Warnings are no errors, and none of ours to print.
  Object.assign(project, {
    _checkError(code: number): void {
      if (code >= 100) throw new Error(`EPANET ${code}`);
    },
  });
  workspace.writeFile('plain.inp', inp);
  project.open('plain.inp', 'plain.rpt', 'plain.out');
  project.setFlowUnits(UNITS_CMH);
  project.setOption(25, PRESSURE_M);
  project.setTimeParameter(0, hours * 3600);
  project.openH();
  project.initH(10);
  const states: PlainState[] = [];
  for (let atS = 0, stepS = 1; stepS > 0 && atS < hours * 3600; atS += stepS) {
    project.runH();
    states.push({ atS, headsM: project.getNodeValues(10), flowsM3h: project.getLinkValues(8) });
    stepS = project.nextH();
  }
  return states;
}

/** The largest differences of the water to a plain run, at the times that both have, and how many those are. */
export function compare(water: Water, plain: readonly PlainState[]): { times: number; headM: number; flowM3h: number } {
  const worst = { times: 0, headM: 0, flowM3h: 0 };
  for (const { atS, headsM, flowsM3h } of plain) {
    advanceTo(water, MONDAY + atS * 1000);
    if (water.fromMs !== MONDAY + atS * 1000) continue;
    worst.times++;
    [...water.network.nodes.keys()].forEach((id, i) => {
      worst.headM = Math.max(worst.headM, Math.abs(water.headM(id) - (headsM[i] ?? Number.NaN)));
    });
    [...water.network.links.keys()].forEach((id, i) => {
      worst.flowM3h = Math.max(worst.flowM3h, Math.abs(water.flowM3h(id) - (flowsM3h[i] ?? Number.NaN)));
    });
  }
  return worst;
}

/** EPANET's closed pipes let a drop through. */
const DROP_M3 = 1e-4;

/** What is missing in the balance of the present segment, as a part of what comes in. */
export function imbalance(water: Water): number {
  const { suppliedM3, consumedM3, leakedM3, storedM3 } = water.balance();
  const throughM3 = Math.max(suppliedM3, suppliedM3 - storedM3, DROP_M3 * 1000);
  return Math.abs(suppliedM3 - consumedM3 - leakedM3 - storedM3) / throughM3;
}

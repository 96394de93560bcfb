/**
 * What tanks hold. EPANET rounds the moment at which a tank runs full or empty to a second and then makes it so, with
 * water from nowhere; so the books are kept here, and EPANET is told the levels.
 */
import type { NetworkFile, Vessel } from './network-file.ts';

/** m3 that flow in a second at 1 m3/h as EPANET has it: it rounds a cubic foot a second to 101.94 m3/h. */
const M3_A_SECOND = 0.3048 ** 3 / 101.94;

export interface TankFlow {
  /** At the beginning of the step. */
  readonly volumeM3: number;
  /** What is in it more at the end; negative where it falls. */
  readonly storedM3: number;
  /** Over its brim. */
  readonly spilledM3: number;
}

export interface Tanks {
  begin(levelM: Readonly<Record<string, number>>): void;
  levelM(tank: string): number | undefined;
  /** How long a tank can go on so, s. */
  lastsS(tank: string, inflowM3h: number): number;
  /** A step is over; m3/h into each tank, negative out of it, in the file's order. */
  pass(inflows: readonly number[], passedS: number): void;
  /** Of the step that is over. */
  flows(): ReadonlyMap<string, TankFlow>;
}

export function createTanks({ tanks, vessels }: Pick<NetworkFile, 'tanks' | 'vessels'>): Tanks {
  const levels = new Map<string, number>();
  const flows = new Map<string, TankFlow>();
  const vesselOf = (tank: string): Vessel => vessels.get(tank) as Vessel;
  const volumeM3 = (tank: string): number => volumeAt(vesselOf(tank), levels.get(tank) ?? 0);

  return {
    begin(levelM) {
      for (const tank of tanks) {
        const { lowestM, highestM } = vesselOf(tank);
        levels.set(tank, Math.min(highestM, Math.max(lowestM, levelM[tank] ?? lowestM)));
      }
    },
    levelM: (tank) => levels.get(tank),
    lastsS(tank, inflowM3h) {
      const vessel = vesselOf(tank);
      if (inflowM3h === 0 || (inflowM3h > 0 && vessel.canOverflow)) return Number.POSITIVE_INFINITY;
      const boundM3 = volumeAt(vessel, inflowM3h > 0 ? vessel.highestM : vessel.lowestM);
      return (boundM3 - volumeM3(tank)) / (inflowM3h * M3_A_SECOND);
    },
    pass(inflows, passedS) {
      tanks.forEach((tank, i) => {
        const vessel = vesselOf(tank);
        const before = volumeM3(tank);
        const filledM3 = before + (inflows[i] ?? 0) * passedS * M3_A_SECOND;
        const after = Math.min(filledM3, volumeAt(vessel, vessel.highestM));
        levels.set(tank, levelAt(vessel, after));
        flows.set(tank, { volumeM3: before, storedM3: after - before, spilledM3: filledM3 - after });
      });
    },
    flows: () => flows,
  };
}

export function volumeAt({ shape }: Vessel, levelM: number): number {
  const [a, b] = around(shape, ({ levelM: at }) => at > levelM);
  return a.m3 + ((b.m3 - a.m3) * (levelM - a.levelM)) / (b.levelM - a.levelM);
}

function levelAt({ shape }: Vessel, m3: number): number {
  const [a, b] = around(shape, (point) => point.m3 > m3);
  return a.levelM + ((b.levelM - a.levelM) * (m3 - a.m3)) / (b.m3 - a.m3);
}

type Shape = Vessel['shape'];

/** The two points between which something lies, or the outermost two. */
function around(shape: Shape, isBeyond: (point: Shape[number]) => boolean): [Shape[number], Shape[number]] {
  const above = shape.findIndex(isBeyond);
  const upper = above < 0 ? shape.length - 1 : Math.max(1, above);
  return [shape[upper - 1] as Shape[number], shape[upper] as Shape[number]];
}

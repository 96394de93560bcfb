/** How much water can reach a place, by trial on a network of its own. */
import type { Project } from './epanet.ts';
import { createHydraulics, type LinkState } from './hydraulics.ts';
import type { NetworkFile, Vessel } from './network-file.ts';
import { volumeAt } from './tanks.ts';

/** A hole through which all comes that can. */
const NO_RESISTANCE = 1e5;

/** All pumps and valves open, nobody else drinking. */
export interface Reach {
  /** While all tanks are full. */
  readonly atOnceM3h: number;
  /** When all are empty: what pumps and reservoirs bring. Where there are none, tanks are the source. */
  readonly forGoodM3h: number;
  /** What full tanks hold. */
  readonly storedM3: number;
}

export interface ProbeOptions {
  readonly inp: string;
  readonly project: Project;
  readonly file: NetworkFile;
}

type Place = 'pipe' | 'junction';

/** The same whenever it is asked, so that a fault that was allowed once always is. */
export function createProbe({ inp, project, file }: ProbeOptions): (target: string, place: Place) => Reach {
  const known = new Map<string, Reach>();
  const vessels = [...file.vessels.entries()];
  const levels = (of: (vessel: Vessel) => number) => Object.fromEntries(vessels.map(([id, each]) => [id, of(each)]));
  const full = levels(({ highestM }) => highestM);
  const empty = file.reservoirs.length === 0 ? full : levels(({ lowestM }) => lowestM);
  const open = (id: string): LinkState => ({ status: 1, setting: file.pumps.includes(id) ? 1 : 0 });
  const links = Object.fromEntries(file.switched.map((id) => [id, open(id)]));

  function flowM3h(target: string, place: Place, levelM: Readonly<Record<string, number>>): number {
    const hydraulics = createHydraulics({ inp, project, isAsWritten: false });
    hydraulics.begin({ splits: place === 'pipe' ? [target] : [], levelM, links });
    for (const { index } of file.controls) hydraulics.setControl(index, false);
    if (place === 'pipe') hydraulics.setLeak(target, NO_RESISTANCE);
    else hydraulics.setHole(target, NO_RESISTANCE);
    hydraulics.solve();
    const flow = place === 'pipe' ? hydraulics.leakFlow(target) : hydraulics.holeFlow(target);
    hydraulics.close();
    return flow;
  }

  function probe(target: string, place: Place): Reach {
    return {
      atOnceM3h: flowM3h(target, place, full),
      forGoodM3h: flowM3h(target, place, empty),
      storedM3: vessels.reduce(
        (sum, [, each]) => sum + volumeAt(each, each.highestM) - volumeAt(each, each.lowestM),
        0,
      ),
    };
  }

  return (target, place) => {
    const key = `${place} ${target}`;
    const reach = known.get(key) ?? probe(target, place);
    known.set(key, reach);
    return reach;
  };
}

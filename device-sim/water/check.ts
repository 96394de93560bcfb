/** Whether a fault of the water can be at all: its place, and its size against what can reach there. */
import { nearest } from '../../model/nearest.ts';
import type { SimFault } from '../../model/sim-fault.ts';
import { LINK_TYPE, type Project } from './epanet.ts';
import { createHydraulics, type LinkState } from './hydraulics.ts';
import type { NetworkFile } from './network-file.ts';
import { wellOf } from './wells.ts';

/** A hole through which all comes that can. */
const NO_RESISTANCE = 1e5;

export interface Targets {
  readonly pipe: string[];
  readonly junction: string[];
  readonly link: string[];
  readonly pump: string[];
}

export function targetsOf({ pipes, junctions, links, pumps }: NetworkFile): Targets {
  return { pipe: [...pipes], junction: [...junctions], link: [...links.keys()], pump: [...pumps] };
}

/** Which of the targets each kind befalls; kinds of the site or of an asset are not the network's to judge. */
const PLACES: Readonly<Record<string, keyof Targets>> = {
  burst: 'pipe',
  leak: 'pipe',
  hydrant: 'junction',
  'pump-failure': 'pump',
  'well-falls': 'pump',
  'valve-closed': 'link',
  'valve-open': 'link',
  'intermittent-supply': 'link',
};

export interface CheckOptions {
  readonly inp: string;
  /** For trials. */
  readonly project: Project;
  readonly file: NetworkFile;
}

/** Null, or what is wrong with a fault, in one sentence. */
export type Check = (fault: SimFault) => string | null;

export function createCheck({ inp, project, file }: CheckOptions): Check {
  const targets = targetsOf(file);
  const most = createProbe({ inp, project, file });

  function wrongSize({ kind, target, sizes }: SimFault): string | null {
    const { flowM3h, holeMm } = sizes;
    const widthMm = (file.links.get(target)?.diameterM ?? 0) * 1000;
    if (holeMm !== undefined && holeMm > widthMm) {
      return `pipe ${target} is ${shortly(widthMm)} mm wide: it cannot have a hole of ${holeMm} mm`;
    }
    if (flowM3h === undefined) return null;
    const mostM3h = most(target, kind === 'hydrant' ? 'junction' : 'pipe');
    if (flowM3h <= mostM3h) return null;
    return `${flowM3h} m3/h is more than the sources can bring there: at most ${shortly(mostM3h)} m3/h reach ${target}`;
  }

  function wrongLink({ kind, target }: SimFault): string | null {
    const type = file.links.get(target)?.type;
    if (kind === 'well-falls' && wellOf(file, target) === null) return `pump ${target} draws from no well of its own`;
    const isMoved = kind === 'valve-closed' || kind === 'valve-open' || kind === 'intermittent-supply';
    if (isMoved && type === LINK_TYPE.checkValvePipe) return `${target} has a check valve, which nobody can move`;
    if (isMoved && type === LINK_TYPE.pump) return `${target} is a pump: use pump-failure`;
    return null;
  }

  return (fault) => {
    const place = PLACES[fault.kind];
    if (place === undefined) return null;
    if (!targets[place].includes(fault.target)) {
      const near = nearest(fault.target, targets[place]);
      const hint = near === undefined ? '' : `; did you mean "${near}"?`;
      return `the network file has no ${place} "${fault.target}"${hint}`;
    }
    return wrongLink(fault) ?? wrongSize(fault);
  };
}

/**
 * The most that can reach a place, m3/h: all pumps and valves open, tanks as the file begins, nobody else drinking. The
 * same whenever it is asked, so that a fault that was allowed once always is.
 */
function createProbe({ inp, project, file }: CheckOptions) {
  const known = new Map<string, number>();

  function probe(target: string, place: 'pipe' | 'junction'): number {
    const hydraulics = createHydraulics({ inp, project, isAsWritten: false });
    const levelM = hydraulics.initial().levelM;
    const open = (id: string): LinkState => ({ status: 1, setting: file.pumps.includes(id) ? 1 : 0 });
    const links = Object.fromEntries(file.switched.map((id) => [id, open(id)]));
    hydraulics.begin({ splits: place === 'pipe' ? [target] : [], levelM, links });
    for (const { index } of file.controls) hydraulics.setControl(index, false);
    if (place === 'pipe') hydraulics.setLeak(target, NO_RESISTANCE);
    else hydraulics.setHole(target, NO_RESISTANCE);
    hydraulics.solve();
    const flowM3h = place === 'pipe' ? hydraulics.leakFlow(target) : hydraulics.holeFlow(target);
    hydraulics.close();
    return flowM3h;
  }

  return (target: string, place: 'pipe' | 'junction'): number => {
    const key = `${place} ${target}`;
    const mostM3h = known.get(key) ?? probe(target, place);
    known.set(key, mostM3h);
    return mostM3h;
  };
}

/** Three digits are as much as anybody wants to know. */
function shortly(value: number): string {
  return String(Number(value.toPrecision(3)));
}

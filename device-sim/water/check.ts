/** Whether a fault of the water can be at all: its place, and its size against what can reach there. */
import { nearest } from '../../model/nearest.ts';
import type { SimFault } from '../../model/sim-fault.ts';
import { LINK_TYPE, type Project } from './epanet.ts';
import type { NetworkFile } from './network-file.ts';
import { createProbe, type Reach } from './probe.ts';
import { wellOf } from './wells.ts';

const HOUR_MS = 3_600_000;

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
  const reach = createProbe({ inp, project, file });

  function wrongSize(fault: SimFault): string | null {
    const { kind, target, sizes } = fault;
    const { flowM3h, holeMm } = sizes;
    const widthMm = (file.links.get(target)?.diameterM ?? 0) * 1000;
    if (holeMm !== undefined && holeMm > widthMm) {
      return `pipe ${target} is ${shortly(widthMm)} mm wide: it cannot have a hole of ${holeMm} mm`;
    }
    if (flowM3h === undefined) return null;
    return tooLarge(fault, flowM3h, reach(target, kind === 'hydrant' ? 'junction' : 'pipe'));
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

/** What is more than full tanks and sources give at once, or more than the sources give for longer than the tanks last. */
function tooLarge(fault: SimFault, flowM3h: number, { atOnceM3h, forGoodM3h, storedM3 }: Reach): string | null {
  const { target } = fault;
  if (flowM3h > atOnceM3h) {
    return `${flowM3h} m3/h is more than can flow there: at most ${shortly(atOnceM3h)} m3/h reach ${target}, from full tanks`;
  }
  const lastsH = flowM3h > forGoodM3h ? storedM3 / (flowM3h - forGoodM3h) : Number.POSITIVE_INFINITY;
  if (hoursOf(fault) <= lastsH) return null;
  return `${flowM3h} m3/h is more than the sources bring there for good: ${shortly(forGoodM3h)} m3/h reach ${target} from empty tanks, and full ones last ${shortly(lastsH)} h; let it end by then, or say holeMm`;
}

/** At its full size; a leak that grows evenly flows half as much while it grows. */
function hoursOf({ fromMs, toMs, sizes }: SimFault): number {
  if (toMs === null) return Number.POSITIVE_INFINITY;
  return Math.max(0, (toMs - fromMs) / HOUR_MS - (sizes.growsH ?? 0) / 2);
}

/** Three digits are as much as anybody wants to know. */
function shortly(value: number): string {
  return String(Number(value.toPrecision(3)));
}

/** What is really wrong in the village, for whoever scores the alarms: one line when a fault begins and one when it ends. */
import type { SimFault } from '../model/sim-fault.ts';
import type { Faults } from './faults.ts';
import type { Water } from './water/water.ts';

/** As it is written: JSON Lines, and the last line of an id is the one that counts. */
export interface TruthLine {
  readonly id: string;
  readonly kind: string;
  readonly target: string;
  readonly metric?: string;
  readonly site: string;
  /** ISO 8601, UTC. */
  readonly from: string;
  /** Null while it lasts. */
  readonly to: string | null;
  readonly sizes: Readonly<Record<string, number>>;
  /** Of a leak: what flows now, or flowed on average where it is over; the most that flowed; all that was lost so far. */
  readonly flowM3h?: number;
  readonly peakM3h?: number;
  readonly volumeM3?: number;
}

export interface TruthEvent {
  readonly atMs: number;
  readonly line: TruthLine;
}

/** The most that flowed of each leak, m3/h. Plain data. */
export type LeakPeaks = Readonly<Record<string, number>>;

export interface Truth {
  /** To be told of every segment of the water. */
  noteSegment(): void;
  /** Of all that has begun by a time of the present segment. */
  lines(nowMs: number): readonly TruthLine[];
  /** What begins or ends later than a time and up to another, both of the present segment. */
  events(afterMs: number, untilMs: number): TruthEvent[];
  peaks(): LeakPeaks;
}

const LEAKS: ReadonlySet<string> = new Set(['burst', 'leak']);
const HOUR_MS = 3_600_000;

export interface TruthOptions {
  readonly site: string;
  readonly faults: Faults;
  readonly water: Pick<Water, 'fromMs' | 'leakFlowM3h' | 'leakVolumeM3'>;
  readonly peaks?: LeakPeaks | undefined;
}

export function createTruth({ site, faults, water, peaks: saved }: TruthOptions): Truth {
  const peaks: Record<string, number> = { ...saved };

  function lineOf(fault: SimFault, nowMs: number): TruthLine {
    const { id, kind, target, metric, fromMs, toMs, sizes } = fault;
    const isOver = toMs !== null && toMs <= nowMs;
    return {
      ...{ id, kind, target, ...(metric === null ? {} : { metric }), site },
      from: new Date(fromMs).toISOString(),
      to: isOver ? new Date(toMs).toISOString() : null,
      sizes,
      ...(LEAKS.has(kind) ? leakOf(fault, isOver ? toMs : null, nowMs) : {}),
    };
  }

  function leakOf({ id, fromMs }: SimFault, endMs: number | null, nowMs: number) {
    const volumeM3 = water.leakVolumeM3(id, endMs ?? nowMs);
    const flowM3h = endMs === null ? water.leakFlowM3h(id) : (volumeM3 * HOUR_MS) / (endMs - fromMs);
    return { flowM3h: shown(flowM3h), peakM3h: shown(peaks[id] ?? 0), volumeM3: shown(volumeM3) };
  }

  const isReal = ({ fromMs, toMs }: SimFault): boolean => toMs === null || toMs > fromMs;
  return {
    noteSegment() {
      for (const { id, kind } of faults.all()) {
        if (!LEAKS.has(kind)) continue;
        const flowM3h = water.leakFlowM3h(id);
        if (flowM3h > (peaks[id] ?? 0)) peaks[id] = flowM3h;
      }
    },
    lines: (nowMs) =>
      faults
        .all()
        .filter((fault) => isReal(fault) && fault.fromMs <= nowMs)
        .map((fault) => lineOf(fault, nowMs)),
    events: (afterMs, untilMs) =>
      faults
        .all()
        .filter(isReal)
        .flatMap((fault) =>
          [fault.fromMs, fault.toMs ?? Number.POSITIVE_INFINITY]
            .filter((atMs) => atMs > afterMs && atMs <= untilMs)
            .map((atMs) => ({ atMs, line: lineOf(fault, atMs) })),
        )
        .sort((a, b) => a.atMs - b.atMs),
    peaks: () => ({ ...peaks }),
  };
}

/** A litre is fine enough. */
function shown(value: number): number {
  return Math.round(value * 1000) / 1000;
}

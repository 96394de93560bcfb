/** The faults of a village, asked by whoever they touch. The same answer whenever it is asked, so a village can be resumed. */
import type { SimFault } from '../model/sim-fault.ts';

/** A fault that this village cannot have: an unknown target, too large, or in the past. */
export class SimulatedFaultError extends Error {
  readonly code = 'bad-fault';
  readonly fault: SimFault;

  constructor(fault: SimFault, sentence: string) {
    super(sentence);
    this.fault = fault;
  }
}

export interface Faults {
  /** All that were ever added, in the order of their coming. */
  all(): readonly SimFault[];
  /** Of one kind on one target, the one added last of those that act at a time. */
  acting(kind: string, target: string, atMs: number): SimFault | undefined;
  /** Of one kind, on any target, those that act at a time. */
  actingAnywhere(kind: string, atMs: number): readonly SimFault[];
  /** When one of these kinds begins or ends, in `[fromMs, toMs)`, rising, each time once. */
  changesIn(kinds: ReadonlySet<string>, fromMs: number, toMs: number): readonly number[];
  /** The same of any kind. */
  timesIn(fromMs: number, toMs: number): readonly number[];
  /** Another number after each `put`: for whoever keeps what he found. */
  readonly revision: number;
}

export interface FaultBoard extends Faults {
  /** Replaces one of the same id. */
  put(fault: SimFault): void;
}

export function createFaultBoard(faults: readonly SimFault[] = []): FaultBoard {
  const byId = new Map<string, SimFault>();
  const byKind = new Map<string, SimFault[]>();
  let revision = 0;

  function put(fault: SimFault): void {
    revision++;
    byId.set(fault.id, fault);
    byKind.clear();
    for (const each of byId.values()) {
      const ofKind = byKind.get(each.kind);
      if (ofKind) ofKind.push(each);
      else byKind.set(each.kind, [each]);
    }
  }

  for (const fault of faults) put(fault);
  return {
    all: () => [...byId.values()],
    acting: (kind, target, atMs) =>
      byKind.get(kind)?.findLast((fault) => fault.target === target && isActing(fault, atMs)),
    actingAnywhere: (kind, atMs) => byKind.get(kind)?.filter((fault) => isActing(fault, atMs)) ?? [],
    changesIn: (kinds, fromMs, toMs) => timesOf(byId.values(), fromMs, toMs, kinds),
    timesIn: (fromMs, toMs) => timesOf(byId.values(), fromMs, toMs, null),
    get revision() {
      return revision;
    },
    put,
  };
}

function timesOf(
  faults: Iterable<SimFault>,
  fromMs: number,
  toMs: number,
  kinds: ReadonlySet<string> | null,
): number[] {
  const times = new Set<number>();
  for (const fault of faults) {
    if (kinds && !kinds.has(fault.kind)) continue;
    for (const at of [fault.fromMs, fault.toMs]) if (at !== null && at >= fromMs && at < toMs) times.add(at);
  }
  return [...times].sort((a, b) => a - b);
}

function isActing({ fromMs, toMs }: SimFault, atMs: number): boolean {
  return fromMs <= atMs && (toMs === null || atMs < toMs);
}

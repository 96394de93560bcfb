/**
 * Registers that a unit has refused. That is believed for a while, then they are asked again: it may have been a passing
 * fault, or the unit was set up anew.
 */
import { type Hole, holesOf, isAcross, type ReadBlock } from '../../model/read-plan.ts';
import type { Span } from '../../model/register-map.ts';

export interface Refusals {
  /** What is not asked now. */
  believed(nowMs: number): readonly Hole[];
  /** What it refused when it was asked last. */
  all(): readonly Hole[];
  refused(block: ReadBlock<Span>, nowMs: number): void;
  /** It has what lies there. */
  answered(block: Span): void;
  forget(): void;
}

const MINUTE_MS = 60_000;
/** At the first refusal, at the second, and from then on. */
const BELIEVED_MS = [2 * MINUTE_MS, 10 * MINUTE_MS, 60 * MINUTE_MS] as const;

interface Refusal {
  readonly hole: Hole;
  readonly times: number;
  readonly untilMs: number;
}

export function createRefusals(): Refusals {
  let refusals: readonly Refusal[] = [];

  function again(hole: Hole, nowMs: number): Refusal {
    const times = (refusals.find((known) => isSame(known.hole, hole))?.times ?? 0) + 1;
    const believedMs = BELIEVED_MS[Math.min(times, BELIEVED_MS.length) - 1] ?? 60 * MINUTE_MS;
    return { hole, times, untilMs: nowMs + believedMs };
  }

  return {
    believed: (nowMs) => refusals.filter(({ untilMs }) => nowMs < untilMs).map(({ hole }) => hole),
    all: () => refusals.map(({ hole }) => hole),
    refused(block, nowMs) {
      const fresh = holesOf(block).map((hole) => again(hole, nowMs));
      const others = refusals.filter(({ hole }) => !fresh.some((each) => isSame(each.hole, hole)));
      refusals = [...others, ...fresh];
    },
    answered(block) {
      refusals = refusals.filter(({ hole }) => !isAcross(block, [hole]));
    },
    forget() {
      refusals = [];
    },
  };
}

function isSame(a: Hole, b: Hole): boolean {
  return a.table === b.table && a.address === b.address && a.count === b.count;
}

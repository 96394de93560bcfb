/** What the form for a fault offers and sends. Pure. */
import type { FaultKind, FaultSize, FaultTarget } from '../../../model/sim-fault-catalogue.ts';
import type { FaultTargetWire, SimDetailWire, SimWire } from '../../wire.ts';

/** Of a kind on a target: what somebody has typed, as text. */
export interface FaultDraft {
  readonly kind: string;
  readonly target: string;
  readonly metric: string;
  /** Which of the sizes that exclude each other. */
  readonly chosen: string;
  readonly sizes: Readonly<Record<string, string>>;
  /** Seconds; empty: until it is ended. */
  readonly forS: string;
}

export interface TargetOption extends FaultTargetWire {
  readonly as: FaultTarget;
}

/** Kinds that something of this village can be befallen by. */
export function offeredKinds(sim: SimDetailWire): readonly FaultKind[] {
  return sim.kinds.filter((kind) => targetsOf(sim, kind).length > 0);
}

export function targetsOf({ targets }: SimDetailWire, kind: FaultKind): readonly TargetOption[] {
  return kind.targets.flatMap((as) => (targets[as] ?? []).map((target) => ({ ...target, as })));
}

/** Those that are asked for: of the ones that exclude each other, the chosen one. */
export function askedSizes({ sizes }: FaultKind, chosen: string): readonly FaultSize[] {
  return sizes.filter(({ name, oneOf }) => oneOf === undefined || name === chosen);
}

/** As a kind begins, on its first target. */
export function newDraft(kind: FaultKind, target: string, forS: string): FaultDraft {
  const chosen = kind.sizes.find(({ oneOf }) => oneOf !== undefined)?.name ?? '';
  return { kind: kind.kind, target, metric: '', chosen, sizes: {}, forS };
}

/** What stands in a size's field. `valueNow`: of the metric that it is measured in; a tenth of it shows, and is no jump off the scale. */
export function sizeText(size: FaultSize, draft: FaultDraft, valueNow: number | null): string {
  const typed = draft.sizes[size.name];
  if (typed !== undefined) return typed;
  if (!size.isOfMetric || size.fallback !== null || !valueNow) return String(size.example);
  return String(Number((Math.abs(valueNow) / 10).toPrecision(1)));
}

/** The body of the call. */
export function requestOf(
  kind: FaultKind,
  draft: FaultDraft,
  valueNow: number | null,
): Readonly<Record<string, string | number>> {
  const sizes = askedSizes(kind, draft.chosen).map((size) => [size.name, Number(sizeText(size, draft, valueNow))]);
  return {
    kind: kind.kind,
    target: draft.target,
    ...(draft.metric !== '' && { metric: draft.metric }),
    ...Object.fromEntries(sizes),
    ...(draft.forS !== '' && { forS: Number(draft.forS) }),
  };
}

/** Village time on the page: between two words of the server it goes on with the clock, unless it stands still or is behind. */
export function villageNow({ phase, isPaused, villageMs }: SimWire, nowMs: number): number {
  return phase === 'live' && !isPaused ? Math.max(villageMs, nowMs) : villageMs;
}

/** Acting or to come, the newest first. One that was taken back ends where it would have begun. */
export function openFaults({ faults }: SimWire, villageMs: number): SimWire['faults'] {
  return faults.filter(({ fromMs, toMs }) => toMs === null || toMs > Math.max(villageMs, fromMs)).toReversed();
}

/** Whether a fault of street lighting can be: what it befalls, and how large it is. */
import type { Circuit } from '../../model/circuit.ts';
import { nearest } from '../../model/nearest.ts';
import type { SimFault } from '../../model/sim-fault.ts';
import { FAULT_KINDS } from '../../model/sim-fault-catalogue.ts';

const OF_CONTACTOR = new Set(['contactor-stuck-on', 'contactor-stuck-off']);
const OF_CONTROL = new Set(['light-clock-wrong', 'lights-forced-on']);

export interface LightTargets {
  readonly circuits: readonly Circuit[];
  readonly cabinets: readonly string[];
}

/** Null, or what is wrong with it in one sentence. */
export function checkLightFault(fault: SimFault, { circuits, cabinets }: LightTargets): string | null {
  const { target, sizes } = fault;
  if (FAULT_KINDS.get(fault.kind)?.targets.includes('cabinet')) {
    if (!cabinets.includes(target)) return unknownTarget('cabinet', target, cabinets);
    if (![undefined, 1, 2, 3].includes(sizes.phase)) return `phase: expected 1, 2 or 3 (got ${sizes.phase})`;
    const isIdle = !circuits.some(({ cabinet, control }) => cabinet === target && control === 'cabinet');
    return isIdle && OF_CONTROL.has(fault.kind) ? `cabinet ${target} switches no circuit` : null;
  }
  const circuit = circuits.find(({ id }) => id === target);
  if (!circuit)
    return unknownTarget(
      'circuit',
      target,
      circuits.map(({ id }) => id),
    );
  return checkCircuitFault(fault, circuit);
}

function checkCircuitFault({ kind, sizes }: SimFault, { id, lamps, control, dim }: Circuit): string | null {
  const count = lamps.reduce((sum, each) => sum + each.count, 0);
  if ((sizes.count ?? 0) > count) return `circuit ${id} has ${count} lamps (got count ${sizes.count})`;
  if (!Number.isInteger(sizes.count ?? 0)) return `count: expected a whole number of lamps (got ${sizes.count})`;
  if (OF_CONTACTOR.has(kind) && control === 'photo-relays') {
    return `circuit ${id} has no contactor: its lamps have photo-relays`;
  }
  if (kind === 'capacitor-failure' && !lamps.some(({ type }) => type === 'hps')) {
    return `circuit ${id} has no sodium lamps, and no other has a capacitor`;
  }
  if (kind === 'dimming-failure' && dim.length === 0)
    return `circuit ${id} is never dimmed: it has no "dim" in the plant file`;
  return null;
}

function unknownTarget(what: string, target: string, known: readonly string[]): string {
  const near = nearest(target, known);
  return `no ${what} "${target}" in this village${near === undefined ? '' : `; did you mean ${near}?`}`;
}

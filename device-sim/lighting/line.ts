/** One circuit on its supply: contactor or photo-relays, breaker, and which of its lamps are fed. */
import type { Circuit } from '../../model/circuit.ts';
import type { CircuitSchedule } from '../../model/circuit-schedule.ts';
import type { Faults } from '../faults.ts';
import { createLamps, isLitInCycle, type Lamp } from './lamps.ts';
import { PHASES, type Phase } from './mains.ts';

export interface Line {
  readonly circuit: Circuit;
  readonly phase: Phase;
  readonly lamps: readonly Lamp[];
  /** Of each lamp: its turn when faults of single lamps are dealt out, the worn sodium lamps first. */
  readonly turn: readonly number[];
}

export interface SwitchedLine {
  readonly isCommanded: boolean;
  /** Of lamps with photo-relays: whether any is on. */
  readonly isContactorOn: boolean;
  readonly isBreakerClosed: boolean;
  /** As ordered, in % of the lamps' power; 0: off. */
  readonly dimming: number;
  /** What the lamps that burn take of their power, in %. */
  readonly percent: number;
  /** Of each lamp: whether it has what it needs to burn. */
  readonly isFed: readonly boolean[];
  readonly theftW: number;
  readonly isCapacitorGone: boolean;
}

/** What holds for all circuits of a supply. */
export interface Moment {
  readonly atMs: number;
  /** On the cabinet's clock, which may be wrong. */
  readonly clockMs: number;
  readonly isForced: boolean;
  readonly isCut: boolean;
  readonly schedule: CircuitSchedule;
  readonly faults: Faults;
}

/** A cabinet's circuits are spread over the phases in the plant's order. */
export function createLine(circuit: Circuit, place: number, seed: number): Line {
  const lamps = createLamps(circuit, seed);
  const worn = lamps
    .map(({ type }, i) => ({ i, type }))
    .sort((a, b) => Number(b.type === 'hps') - Number(a.type === 'hps') || b.i - a.i);
  const turn = lamps.map(() => 0);
  worn.forEach(({ i }, k) => {
    turn[i] = k;
  });
  return { circuit, phase: PHASES[place % 3] ?? 0, lamps, turn };
}

/** Its position, as if all phases were sound. */
export function switchLine(line: Line, moment: Moment): SwitchedLine {
  const { faults, schedule, atMs } = moment;
  const { circuit } = line;
  const has = (kind: string): boolean => faults.acting(kind, circuit.id, atMs) !== undefined;
  const isOwn = circuit.control === 'photo-relays';
  const dimming = schedule.percentAt(circuit, isOwn ? atMs : moment.clockMs);
  const isCommanded = !isOwn && dimming > 0;
  const isContactorOn = !isOwn && isPulledIn(isCommanded || moment.isForced, moment.isCut, has);
  const isBreakerClosed = !has('breaker-tripped');
  const isSwitchedOn = isOwn ? (lamp: Lamp) => isDark(line, lamp, moment) : () => isContactorOn;
  const isFed = isBreakerClosed ? lampsFed(line, moment, isSwitchedOn) : line.lamps.map(() => false);
  return {
    isCommanded,
    isContactorOn: isOwn ? isFed.includes(true) : isContactorOn,
    isBreakerClosed,
    dimming,
    percent: has('dimming-failure') || dimming === 0 ? 100 : dimming,
    isFed,
    // A hook over the circuit's wires, behind the contactor: it takes when they are live.
    theftW: isBreakerClosed && (isOwn || isContactorOn) ? sizeOf('theft', line, moment) : 0,
    isCapacitorGone: has('capacitor-failure'),
  };
}

/** Its coil needs mains; welded contacts do not. */
function isPulledIn(isWanted: boolean, isCut: boolean, has: (kind: string) => boolean): boolean {
  return has('contactor-stuck-on') || (isWanted && !isCut && !has('contactor-stuck-off'));
}

/**
 * Lamps that are out are the first of the plant file, those that burn by day or cycle the last. A contactor's lamps
 * are dead by day: one that burns then is bridged past it.
 */
function lampsFed(line: Line, moment: Moment, isSwitchedOn: (lamp: Lamp) => boolean): boolean[] {
  const out = sizeOf('lamp-out', line, moment);
  const bridged = sizeOf('day-burner', line, moment);
  const cycling = sizeOf('lamp-cycling', line, moment);
  return line.lamps.map((lamp, i) => {
    const turn = line.turn[i] ?? 0;
    if (i < out || (turn < cycling && !isLitInCycle(lamp, moment.atMs))) return false;
    return turn < bridged || isSwitchedOn(lamp);
  });
}

/** Whether a lamp's own relay takes it for night: a late one goes on later and off earlier. */
function isDark({ circuit }: Line, { relayLateMs }: Lamp, { schedule, atMs }: Moment): boolean {
  const before = schedule.percentAt(circuit, atMs - relayLateMs) > 0;
  const after = schedule.percentAt(circuit, atMs + relayLateMs) > 0;
  return relayLateMs > 0 ? before && after : before || after;
}

/** Of all such faults of the circuit that act: how many lamps, or how many W. */
function sizeOf(kind: string, { circuit }: Line, { faults, atMs }: Moment): number {
  const acting = faults.actingAnywhere(kind, atMs).filter(({ target }) => target === circuit.id);
  return acting.reduce((sum, { sizes }) => sum + (sizes.count ?? sizes.watt ?? 0), 0);
}

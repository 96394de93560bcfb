/**
 * Pumps and valves that do not stand as their controls want: broken, without power, shut or opened by hand, or supplied
 * by hours. What the controls want meanwhile is followed, and taken up again when the hold ends.
 */
import type { Faults } from '../faults.ts';
import type { LocalHour } from '../local-time.ts';
import type { Power } from '../power.ts';
import { CONTROL, LINK_TYPE } from './epanet.ts';
import { type FileTime, timerInS } from './file-time.ts';
import type { Hydraulics, LinkState } from './hydraulics.ts';
import type { Control } from './network-file.ts';

const DAY_S = 86_400;
const OPEN: LinkState = { status: 1, setting: 0 };
const HELD_KINDS = ['valve-closed', 'valve-open', 'intermittent-supply'] as const;

export interface Holds {
  /** A run of EPANET has begun from `states`. */
  begin(): void;
  /** Before solving. */
  apply(atMs: number): void;
  /** After a step: what controls and rules want now. */
  follow(fromMs: number, toMs: number): void;
  isOpen(link: string): boolean;
  /** How all stand at a time, where all are as `states` says. */
  standing(atMs: number): Map<string, boolean>;
  /** That may be switched, and those that are held. */
  links(): Iterable<string>;
  /** As the controls want it, of all that they switch. */
  states(): Readonly<Record<string, LinkState>>;
}

export interface HoldsOptions {
  readonly hydraulics: Hydraulics;
  readonly faults: Faults;
  readonly power: Pick<Power, 'isOn'>;
  readonly localHour: LocalHour;
  readonly fileTime: FileTime;
  /** Of the links that controls and rules switch. */
  readonly states: Readonly<Record<string, LinkState>>;
}

export function createHolds(options: HoldsOptions): Holds {
  const { hydraulics, faults, power, localHour, fileTime } = options;
  const { file } = hydraulics;
  const fromFile = hydraulics.initial().links;
  // What nothing switches is not followed: it stands as the file says, and again so after a hold.
  const wanted = new Map(file.switched.map((id) => [id, options.states[id] ?? fromFile[id] ?? OPEN]));
  /** Whether it is held open. */
  const held = new Map<string, boolean>();
  const controlsOf = (link: string): Control[] => file.controls.filter((control) => control.link === link);

  /** As it was told to stand: EPANET closes also what could not flow, but that is not switched. */
  function stateOf(link: string): LinkState {
    const { status, setting } = hydraulics.state(link);
    const type = file.links.get(link)?.type ?? LINK_TYPE.pipe;
    // A pump that cannot lift so high runs, and a valve with a setting regulates as soon as there is what to regulate.
    if (type === LINK_TYPE.pump) return { status: setting > 0 ? 1 : 0, setting };
    const isSet = type > LINK_TYPE.pump && type !== LINK_TYPE.gpv && setting !== 0;
    return { status: isSet ? 1 : status, setting };
  }

  /** Open, shut, or null: as its controls want. */
  function holdOf(link: string, atMs: number): boolean | null {
    if (file.pumps.includes(link) && (faults.acting('pump-failure', link, atMs) || !power.isOn(link, atMs)))
      return false;
    if (faults.acting('valve-closed', link, atMs)) return false;
    const byHours = faults.acting('intermittent-supply', link, atMs);
    if (byHours && !isBetween(localHour(atMs), byHours.sizes.onHour ?? 0, byHours.sizes.offHour ?? 24)) return false;
    return faults.acting('valve-open', link, atMs) ? true : null;
  }

  /** All that may be held. */
  function targets(atMs: number): Set<string> {
    const acting = HELD_KINDS.flatMap((kind) => faults.actingAnywhere(kind, atMs));
    return new Set([...file.pumps, ...held.keys(), ...acting.map(({ target }) => target)]);
  }

  const asWanted = (link: string): LinkState => wanted.get(link) ?? fromFile[link] ?? OPEN;

  function hold(link: string, isOpen: boolean): void {
    if (!held.has(link)) {
      for (const { index } of controlsOf(link)) hydraulics.setControl(index, false);
    }
    held.set(link, isOpen);
    hydraulics.setStatus(link, isOpen);
  }

  function release(link: string): void {
    held.delete(link);
    for (const { index } of controlsOf(link)) hydraulics.setControl(index, true);
    hydraulics.setState(link, asWanted(link));
  }

  /** What a control would have done in the step, had it not been switched off. */
  function actsIn({ type, node, level }: Control, fromMs: number, toMs: number): boolean {
    const stepS = (toMs - fromMs) / 1000;
    if (type === CONTROL.timer) return timerInS({ level }, file, fileTime.sinceBeginS(fromMs)) < stepS;
    if (type === CONTROL.timeOfDay) return (level - fileTime.clockS(fromMs) + DAY_S) % DAY_S < stepS;
    const now = hydraulics.level(node);
    return type === CONTROL.lowLevel ? now <= level : now >= level;
  }

  function followHeld(link: string, isOpen: boolean, [fromMs, toMs]: readonly [number, number]): void {
    for (const control of controlsOf(link)) {
      if (actsIn(control, fromMs, toMs)) wanted.set(link, stateBy(control, file.links.get(link)?.type));
    }
    const now = stateOf(link);
    // Only a rule can have done this.
    if ((now.status !== 0) !== isOpen) wanted.set(link, now);
  }

  return {
    begin() {
      for (const link of held.keys()) for (const { index } of controlsOf(link)) hydraulics.setControl(index, true);
      held.clear();
    },
    apply(atMs) {
      for (const link of targets(atMs)) {
        const isOpen = holdOf(link, atMs);
        if (isOpen !== null) hold(link, isOpen);
        else if (held.has(link)) release(link);
      }
    },
    follow(fromMs, toMs) {
      for (const link of wanted.keys()) {
        const isOpen = held.get(link);
        if (isOpen === undefined) wanted.set(link, stateOf(link));
        else followHeld(link, isOpen, [fromMs, toMs]);
      }
    },
    standing(atMs) {
      const links = [...new Set([...wanted.keys(), ...targets(atMs)])];
      return new Map(links.map((link) => [link, holdOf(link, atMs) ?? asWanted(link).status !== 0]));
    },
    isOpen: (link) => stateOf(link).status !== 0,
    links: () => new Set([...wanted.keys(), ...held.keys()]),
    states: () => Object.fromEntries(wanted),
  };
}

function stateBy({ setting }: Control, type: number | undefined): LinkState {
  const isSetting = type !== undefined && type > LINK_TYPE.pipe && Math.abs(setting) < 1e9;
  if (isSetting) return { status: setting === 0 && type === LINK_TYPE.pump ? 0 : 1, setting };
  return { status: setting > 0 ? 1 : 0, setting: setting > 0 && type === LINK_TYPE.pump ? 1 : 0 };
}

/** Over midnight where `to` is the smaller. */
function isBetween(hour: number, from: number, to: number): boolean {
  return from <= to ? hour >= from && hour < to : hour >= from || hour < to;
}

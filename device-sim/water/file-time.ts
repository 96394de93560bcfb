/**
 * The network file's own time in a village that lives on. It runs on from a Monday at the local time that the file begins
 * at (midnight, or its Start ClockTime), without end: a pattern of a day begins anew each midnight, one of a week each
 * Monday. What is switched by time, once in the file, is switched once in each of its rounds: a day, or, where the file
 * lasts longer than a day, as many whole weeks.
 */
import type { LocalHour } from '../local-time.ts';
import { CONTROL, TIME, type Toolkit } from './epanet.ts';
import type { NetworkFile, Pattern } from './network-file.ts';

const DAY_S = 86_400;
const DAY_MS = DAY_S * 1000;
/** 1970-01-05. */
const FIRST_MONDAY_MS = 4 * DAY_MS;
/** Zones lie from 11 h behind UTC to 13 h ahead. */
const FURTHEST_BEHIND_MS = 11 * 3_600_000;

export interface FileTime {
  /** s since the file's beginning, on that Monday. */
  sinceBeginS(atMs: number): number;
  /** s since local midnight. */
  clockS(atMs: number): number;
}

export function createFileTime(localHour: LocalHour, startClockS: number): FileTime {
  const clockS = (atMs: number): number => Math.round(localHour(atMs) * 3600) % DAY_S;
  return {
    clockS,
    sinceBeginS(atMs) {
      const utcOfDayMs = ((atMs % DAY_MS) + DAY_MS) % DAY_MS;
      const offsetMs = positive(clockS(atMs) * 1000 - utcOfDayMs + FURTHEST_BEHIND_MS, DAY_MS) - FURTHEST_BEHIND_MS;
      return Math.round((atMs + offsetMs - FIRST_MONDAY_MS) / 1000) - startClockS;
    },
  };
}

/** The multiplier that EPANET would take. */
export function stepped(pattern: Pattern, file: NetworkFile, sinceBeginS: number): number {
  if (pattern === null) return 1;
  const period = Math.floor((sinceBeginS + file.patternStartS) / file.patternStepS);
  return pattern[positive(period, pattern.length)] ?? 1;
}

/** A multiplier stands for its whole period; between the middles of two periods lies an even way, not a jump. */
export function smoothed(pattern: Pattern, file: NetworkFile, sinceBeginS: number): number {
  if (pattern === null) return 1;
  const place = (sinceBeginS + file.patternStartS) / file.patternStepS - 0.5;
  const before = Math.floor(place);
  const share = place - before;
  const at = (i: number): number => pattern[positive(i, pattern.length)] ?? 1;
  return at(before) * (1 - share) + at(before + 1) * share;
}

/** Of a control by time: how long after `atMs` it acts next. */
export function timerInS({ level }: { readonly level: number }, file: NetworkFile, sinceBeginS: number): number {
  return positive(level - sinceBeginS, file.cycleS);
}

/** EPANET counts from the beginning of a run: what it is to do by time is moved to there. */
export function moveTimes(toolkit: Toolkit, file: NetworkFile, at: { sinceBeginS: number; clockS: number }): void {
  toolkit.setTimeParameter(TIME.startClock, at.clockS);
  const inRoundS = positive(at.sinceBeginS, file.cycleS);
  for (const { rule, premise, afterS } of file.timePremises) toolkit.setPremiseValue(rule, premise, afterS - inRoundS);
  for (const control of file.controls) {
    if (control.type !== CONTROL.timer) continue;
    const link = toolkit.getLinkIndex(control.link);
    const inS = timerInS(control, file, at.sinceBeginS);
    toolkit.setControl(control.index, control.type, link, control.setting, 0, inS);
  }
}

function positive(value: number, modulus: number): number {
  return ((value % modulus) + modulus) % modulus;
}

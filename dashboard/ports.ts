/** What the dashboard needs of others: plain data and async calls, so that they can cross a process later. */
import type { Alarm, AlarmAction, AlarmQuery, JournalEntry } from '../model/alarm.ts';
import type { AlarmQuality, QualityQuestion } from '../model/alarm-quality.ts';
import type { HistoryQuery, HistoryResult } from '../model/history.ts';
import type { Person, SignIn } from '../model/person.ts';
import type { LiveValue } from '../model/reading.ts';
import type { SimFault } from '../model/sim-fault.ts';
import type { FaultTarget } from '../model/sim-fault-catalogue.ts';
import type { NewWork, Work } from '../model/work.ts';

/** How to stop listening. */
export type Unsubscribe = () => void;

export interface LiveState {
  values(): readonly LiveValue[];
  /** Tells of every value that is new or has turned stale. */
  onChange(listener: (changed: readonly LiveValue[]) => void): Unsubscribe;
}

export interface AlarmDesk {
  /** Newest first. */
  list(query: AlarmQuery): readonly Alarm[];
  get(id: string): Alarm | undefined;
  /** All that happened to an alarm, in order. */
  entriesOf(id: string): readonly JournalEntry[];
  /** Ids of the alarms that an alarm or a work suppresses now, by its id. */
  children(): ReadonlyMap<string, readonly string[]>;
  /** `alarm`: as it is then. Not ok: the act has nothing to do with its state. */
  act(id: string, action: AlarmAction): { readonly ok: boolean; readonly alarm: Alarm | null };
  /** Those that end later. */
  works(endingAfter: number): readonly Work[];
  addWork(work: NewWork): Work;
  cancelWork(id: string, by: string): Work | null;
  quality(question: QualityQuestion): AlarmQuality;
  /** Whether all that was done so far is on the disk, at the latest by then. */
  onDisk(withinMs: number): Promise<boolean>;
  onChange(listener: (alarm: Alarm) => void): Unsubscribe;
}

export interface History {
  history(query: HistoryQuery): Promise<HistoryResult>;
}

/** Of the simulator, in village time. */
interface SimStatus {
  readonly phase: 'backfill' | 'live' | 'failed';
  /** Why it failed. */
  readonly failure: string | null;
  readonly fromMs: number;
  readonly toMs: number;
  readonly doneMs: number;
  readonly villageMs: number;
  /** Infinity: as fast as it can. */
  readonly speed: number;
  readonly isPaused: boolean;
}

export interface Simulator {
  readonly site: { readonly id: string; readonly timeZone: string };
  /** It answers as Modbus units; else nobody would notice the faults of such. */
  readonly hasModbus: boolean;
  status(): SimStatus;
  faults(): readonly SimFault[];
  /** Ids by what a fault may befall. */
  targets(): Readonly<Record<FaultTarget, readonly string[]>>;
  /** Without a time it begins now. Rejects with `bad-fault` where this village cannot have it, `not-saved` where the disk refuses. */
  put(fault: Omit<SimFault, 'fromMs'> & { readonly fromMs?: number | undefined }): Promise<SimFault>;
  /** Now. */
  end(id: string): Promise<SimFault>;
  setPace(pace: { readonly speed?: number | undefined; readonly isPaused?: boolean | undefined }): void;
  /** Rejects with `not-paused`. */
  step(ms: number): Promise<void>;
  /** Tells that it has come further, or that its pace or its faults have changed. */
  onProgress(listener: () => void): Unsubscribe;
}

export interface Accounts {
  /** Whether anybody has a password. */
  canAnybodySignIn(): boolean;
  /** `device`: what an earlier sign-in of this person left there. */
  signIn(
    name: string,
    password: string,
    from: { readonly address: string; readonly device: string | null },
  ): Promise<SignIn>;
  ofSession(token: string): Person | undefined;
  signOut(token: string): void;
  /** People are lost: nobody may sign in, and nobody is let in without. Absent: they never are. */
  isClosed?(): boolean;
}

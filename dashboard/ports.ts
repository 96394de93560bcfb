/** What the dashboard needs of others: plain data and async calls, so that they can cross a process later. */
import type { Alarm, AlarmAction, AlarmQuery, JournalEntry } from '../model/alarm.ts';
import type { AlarmQuality, QualityQuestion } from '../model/alarm-quality.ts';
import type { HistoryQuery, HistoryResult } from '../model/history.ts';
import type { Person, SignIn } from '../model/person.ts';
import type { LiveValue } from '../model/reading.ts';
import type { NewWork, Work } from '../model/work.ts';
import type { SimWire } from './wire.ts';

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
  onChange(listener: (alarm: Alarm) => void): Unsubscribe;
}

export interface History {
  history(query: HistoryQuery): Promise<HistoryResult>;
}

export interface Simulator {
  status(): SimWire;
  onProgress(listener: (status: SimWire) => void): Unsubscribe;
}

export interface Accounts {
  /** Whether anybody has a password. */
  canAnybodySignIn(): boolean;
  /** `from`: the address of who asks. */
  signIn(name: string, password: string, from: string): Promise<SignIn>;
  ofSession(token: string): Person | undefined;
  signOut(token: string): void;
}

/** What the dashboard needs of others: plain data and async calls, so that they can cross a process later. */
import type { Alarm, AlarmQuery } from '../model/alarm.ts';
import type { HistoryQuery, HistoryResult } from '../model/history.ts';
import type { LiveValue } from '../model/reading.ts';
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
  onChange(listener: (alarm: Alarm) => void): Unsubscribe;
}

export interface History {
  history(query: HistoryQuery): Promise<HistoryResult>;
}

export interface Simulator {
  status(): SimWire;
  onProgress(listener: (status: SimWire) => void): Unsubscribe;
}

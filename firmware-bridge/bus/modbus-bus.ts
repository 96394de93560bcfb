/** The port of one Modbus bus, whatever it runs over. */
import type { Span } from '../../model/register-map.ts';

/** Registers or bits of one unit; the unit is part of every call, since a bus has many. */
export interface ReadRequest extends Span {
  readonly unit: number;
  /** From the end of the request to the begin of the answer. */
  readonly timeoutMs: number;
  /** Silence that the unit wants before a request, beyond that of the standard. */
  readonly frameGapMs: number;
}

/**
 * `closed`: there is no line. `timeout`: silence, or frames that are no answer to this. `short`: an answer that broke off,
 * or is not of the length asked. `crc`: its checksum is wrong. `exception`: the unit refuses, and says why.
 */
export type ReadFailure = 'closed' | 'timeout' | 'short' | 'crc' | 'exception';

export type ReadResult =
  | { readonly ok: true; readonly cells: readonly number[] }
  | { readonly ok: false; readonly failure: ReadFailure; readonly exception: number | null };

/** By its number in the standard. */
export const ILLEGAL_DATA_ADDRESS = 2;

/** What a unit has been heard to do since the start. */
export interface UnitCounters {
  answered: number;
  timeouts: number;
  short: number;
  crc: number;
  exceptions: number;
  /** Answers to a request that had been given up. */
  late: number;
  /** Frames of another unit, while this one was asked. */
  wrongUnit: number;
}

export interface BusState {
  readonly isOpen: boolean;
  /** Why it is not open, as a sentence. */
  readonly reason: string | null;
  /** Times that it was opened. */
  readonly opened: number;
}

export interface ModbusBus {
  /** One after the other, in the order they were asked. Never rejects: a failed read is a value. */
  read(request: ReadRequest): Promise<ReadResult>;
  state(): BusState;
  counters(unit: number): Readonly<UnitCounters>;
  /** When it has been opened, or lost. */
  onChange(listener: () => void): void;
  /** When a unit has answered a request that had been given up: somebody is there, but slow. */
  onLate(listener: (unit: number) => void): void;
  stop(): Promise<void>;
}

export function failed(failure: ReadFailure, exception: number | null = null): ReadResult {
  return { ok: false, failure, exception };
}

export function noCounters(): UnitCounters {
  return { answered: 0, timeouts: 0, short: 0, crc: 0, exceptions: 0, late: 0, wrongUnit: 0 };
}

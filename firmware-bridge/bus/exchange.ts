import type { Line } from './line.ts';
import type { ReadRequest, ReadResult, UnitCounters } from './modbus-bus.ts';

/** Question and answer on an open line, one at a time. */
export interface Exchange {
  ask(request: ReadRequest): Promise<ReadResult>;
  heard(bytes: Uint8Array): void;
  /** The line has been opened, or lost. */
  lineChanged(): void;
}

export interface ExchangeParts {
  readonly line: Pick<Line, 'isOpen' | 'write' | 'reset'>;
  counters(unit: number): UnitCounters;
  /** That one has answered a request which had been given up. */
  late(unit: number): void;
  /** That an answer of it came which nobody had asked for, or had been given already. */
  unasked(unit: number): void;
}

export const NOTHING = new Uint8Array();

export function joined(before: Uint8Array, bytes: Uint8Array): Uint8Array {
  return before.length === 0 ? bytes : Buffer.concat([before, bytes]);
}

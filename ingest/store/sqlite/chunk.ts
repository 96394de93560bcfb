/** A row of the table of chunks, but for its data. */
import type { Summary } from './summary.ts';

/** Stored codes of what a chunk holds: readings, or hours of readings that are gone. Never renumber. */
export const READINGS = 0;
export const HOURS = 1;

export interface Chunk extends Summary {
  /** ts of its first and its last reading. */
  readonly start: number;
  readonly end: number;
  readonly kind: number;
  /** Readings, the bad ones too. */
  readonly count: number;
  /** Quality code of the reading at `end`. */
  readonly endQuality: number;
  /** Of the row (`chunk-seal.ts`); null where version 2 wrote it without. */
  readonly checksum: number | null;
}

export const OVERLAPS = 'it overlaps the chunk before it';

/** Hours may be overlapped: by readings that were on their way into chunks when those became hours. */
export function isOverlapped(before: Chunk, next: Chunk): boolean {
  return before.kind === READINGS && next.kind === READINGS && next.start <= before.end;
}

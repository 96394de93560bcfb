/** A folder to be damaged, and who is in it. */
import type { LargePlant } from './large-plant.ts';

export interface Made {
  readonly name: string;
  readonly config: string | null;
  readonly dataDir: string;
  /** Of the command line. */
  readonly args: readonly string[];
  readonly plant: LargePlant | null;
  /** History is compared up to here: what comes later is not of the truth. */
  readonly untilMs: number;
}

export const USER = { user: 'aida', password: 'a long password' };
export const RETAINED = { topic: 'note/board', payload: 'retained' };
export const KEEPER = 'keeper';

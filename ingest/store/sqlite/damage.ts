/** Stored bytes that cannot be what was written, and how they are told of. */
import { isUnreadable } from '../../../link/sqlite-damage.ts';

/** The one error that decoders throw: whoever meets it sets aside what it is about, and goes on. */
export class DamageError extends Error {
  override readonly name = 'DamageError';
  readonly code = 'ERR_STORE_DAMAGED';
}

/** Readings that cannot be believed, or not be read: for people, until the file has been repaired. */
export interface Damage {
  /** Null where it cannot be told whose they are. */
  readonly series: number | null;
  /** First and last ts that may be missing, both included; null where that cannot be told. */
  readonly from: number | null;
  readonly to: number | null;
  /** A sentence without its end. */
  readonly reason: string;
  /** Epoch ms. */
  readonly foundAt: number;
}

/** What the reader has met and may not touch: the writer looks for itself. */
export type Finding =
  | { readonly kind: 'chunk'; readonly series: number; readonly start: number }
  /** A commit in the journal, or, with null, pages of the journal. */
  | { readonly kind: 'journal'; readonly id: number | null };

const CONSTRAINT = 19;
const MISMATCH = 20;

/** Whether the file is to blame, and not a full disk or a program: to try again would not help. */
export function isDamage(error: unknown): boolean {
  const { code, errcode } = error as { code?: string; errcode?: number };
  if (error instanceof DamageError || code === 'ERR_OUT_OF_RANGE') return true;
  if (code !== 'ERR_SQLITE_ERROR') return false;
  return isUnreadable(error) || [CONSTRAINT, MISMATCH].includes((errcode ?? 0) & 0xff);
}

/** The range of a JavaScript date: no reading has another time. */
const MAX_TS = 8.64e15;

export function isTs(number: number | undefined): number is number {
  return Number.isInteger(number) && Math.abs(number ?? 0) <= MAX_TS;
}

/**
 * Requests that a unit has not answered and may answer yet. On a serial line an answer does not say what it answers: one
 * that comes late looks like that to the next request of the same function and length. A unit answers in order; so what it
 * answers to a request of another length tells that nothing older is to come.
 */
import { isBits, READ_FUNCTION } from '../../model/modbus-frame.ts';
import type { Span } from '../../model/register-map.ts';
import { dataBytes } from './answer.ts';

export interface Unanswered {
  isAny(unit: number, nowMs: number): boolean;
  /** Whether an answer to this could be one to something older. */
  isAmbiguous(unit: number, request: Span, nowMs: number): boolean;
  /** Whether a refusal with this function code could be. */
  isRefusalAmbiguous(unit: number, request: Span, nowMs: number): boolean;
  /** A request whose answer cannot be mistaken; null where none is left. */
  distinct(unit: number, request: Span, nowMs: number): Span | null;
  given(unit: number, request: Span, nowMs: number): void;
  /** By an answer that cannot be mistaken: nothing older will come. */
  settled(unit: number): void;
  /** Of all units: what comes on a new connection belongs to it. */
  clear(): void;
}

/** No unit answers later than that. */
const FORGOTTEN_AFTER_MS = 30_000;

interface Given {
  readonly code: number;
  readonly bytes: number;
  readonly atMs: number;
}

export function createUnanswered(): Unanswered {
  const byUnit = new Map<number, Given[]>();

  function recent(unit: number, nowMs: number): readonly Given[] {
    const given = (byUnit.get(unit) ?? []).filter(({ atMs }) => nowMs - atMs < FORGOTTEN_AFTER_MS);
    if (given.length > 0) byUnit.set(unit, given);
    else byUnit.delete(unit);
    return given;
  }

  function isAmbiguous(unit: number, request: Span, nowMs: number): boolean {
    const [code, bytes] = [READ_FUNCTION[request.table], dataBytes(request)];
    return recent(unit, nowMs).some((given) => given.code === code && given.bytes === bytes);
  }

  return {
    isAny: (unit, nowMs) => recent(unit, nowMs).length > 0,
    isAmbiguous,
    isRefusalAmbiguous: (unit, { table }, nowMs) =>
      recent(unit, nowMs).some(({ code }) => code === READ_FUNCTION[table]),
    distinct: (unit, request, nowMs) => alternatives(request).find((other) => !isAmbiguous(unit, other, nowMs)) ?? null,
    given(unit, request, nowMs) {
      const entry = { code: READ_FUNCTION[request.table], bytes: dataBytes(request), atMs: nowMs };
      byUnit.set(unit, [...recent(unit, nowMs), entry]);
    },
    settled: (unit) => void byUnit.delete(unit),
    clear: () => byUnit.clear(),
  };
}

/** Requests near to that one, with answers of other lengths: a part of it first, which a unit that has it does not refuse. */
function alternatives({ table, address, count }: Span): Span[] {
  const step = isBits(table) ? 8 : 1;
  const counts = [count - step, count - 2 * step, count + step, count - 3 * step, count + 2 * step];
  return counts.filter((each) => each > 0 && each <= 125 * step).map((each) => ({ table, address, count: each }));
}

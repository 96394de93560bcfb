/**
 * What was asked on a serial line and may be answered yet. An answer there does not say what it answers; one that comes late
 * looks like that to the next request of its form. But a unit answers in order: a frame answers the oldest request that it
 * fits or a younger one, and what is older than that is not answered any more.
 */
import { isAnswerTo } from './answer.ts';
import type { ReadRequest } from './modbus-bus.ts';

export interface Unanswered {
  /** It is given up after so long. */
  asked(request: ReadRequest, nowMs: number, patienceMs: number): void;
  /** The oldest request that this may answer; neither it nor what is older is expected any more. Undefined: none. */
  take(frame: { readonly unit: number; readonly pdu: Uint8Array }, nowMs: number): ReadRequest | undefined;
  /** Of all units: what comes on a new connection belongs to it. */
  clear(): void;
}

/** No unit answers later than that. */
const FORGOTTEN_AFTER_MS = 30_000;
/** But a converter may keep an answer until somebody asks again, whenever that is; of each unit so many are borne in mind. */
const KEPT_BY_CONVERTER = 4;

interface Asked {
  readonly request: ReadRequest;
  readonly givenUpAtMs: number;
}

/** `keepsLast`: through a converter. */
export function createUnanswered({ keepsLast }: { readonly keepsLast: boolean }): Unanswered {
  const byUnit = new Map<number, readonly Asked[]>();

  function expected(unit: number, nowMs: number): readonly Asked[] {
    const all = byUnit.get(unit) ?? [];
    const kept = keepsLast ? all.length - KEPT_BY_CONVERTER : all.length;
    return all.filter(({ givenUpAtMs }, i) => i >= kept || nowMs - givenUpAtMs < FORGOTTEN_AFTER_MS);
  }

  return {
    asked(request, nowMs, patienceMs) {
      byUnit.set(request.unit, [...expected(request.unit, nowMs), { request, givenUpAtMs: nowMs + patienceMs }]);
    },
    take({ unit, pdu }, nowMs) {
      const all = expected(unit, nowMs);
      const at = all.findIndex(({ request }) => isAnswerTo(pdu, request));
      byUnit.set(unit, all.slice(at + 1));
      return all[at]?.request;
    },
    clear: () => byUnit.clear(),
  };
}

/** Units that do not answer are asked seldom, so that their silence costs the others on the line little (ADR 0018). */

export interface Isolation {
  isOut(unit: number): boolean;
  /** How often asked in vain since it answered last. */
  fails(unit: number): number;
  /** True: it had been out. */
  answered(unit: number): boolean;
  /** It said nothing for so long. True: it is out from now on. */
  silent(unit: number, atMs: number, costMs: number): boolean;
  /** Who of those out is to be asked next, and when. */
  next(): { readonly unit: number; readonly dueMs: number } | null;
  clear(): void;
}

/** Once may be noise. */
const FAILS = 2;
/** A unit that returns is read within a minute. */
const AGAIN_AFTER_MS = [5_000, 10_000, 20_000, 45_000] as const;
/** Waiting for those out takes at most this share of the line: of very many dead units each is asked less often. */
const MOST_SHARE = 0.07;

interface Silence {
  fails: number;
  costMs: number;
  lastMs: number;
}

export function createIsolation(): Isolation {
  const silences = new Map<number, Silence>();
  const isOut = (unit: number): boolean => (silences.get(unit)?.fails ?? 0) >= FAILS;

  function dueMs({ fails, lastMs }: Silence): number {
    const out = [...silences.values()].filter((each) => each.fails >= FAILS);
    const fairMs = out.reduce((sum, { costMs }) => sum + costMs, 0) / MOST_SHARE;
    const step = Math.min(fails - FAILS, AGAIN_AFTER_MS.length - 1);
    return lastMs + Math.max(AGAIN_AFTER_MS[step] ?? 0, fairMs);
  }

  return {
    isOut,
    fails: (unit) => silences.get(unit)?.fails ?? 0,
    answered(unit) {
      const wasOut = isOut(unit);
      silences.delete(unit);
      return wasOut;
    },
    silent(unit, atMs, costMs) {
      const fails = (silences.get(unit)?.fails ?? 0) + 1;
      silences.set(unit, { fails, costMs, lastMs: atMs });
      return fails === FAILS;
    },
    next() {
      let first: { unit: number; dueMs: number } | null = null;
      for (const [unit, silence] of silences) {
        if (silence.fails < FAILS) continue;
        const due = dueMs(silence);
        if (!first || due < first.dueMs) first = { unit, dueMs: due };
      }
      return first;
    },
    clear: () => silences.clear(),
  };
}

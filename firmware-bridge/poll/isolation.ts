/** Units that do not answer are asked seldom and briefly, so that their silence costs the others on the line little (ADR 0018). */

export interface Isolation {
  isOut(unit: number): boolean;
  /** How often asked in vain since it answered last. */
  fails(unit: number): number;
  /** True: it had been out. */
  answered(unit: number): boolean;
  /** It said nothing, though it may take so long. True: it is out from now on. */
  silent(unit: number, atMs: number, timeoutMs: number): boolean;
  /** It answered what had been given up. If it was given less than its time, it is asked at once, and gets all of it. */
  late(unit: number): void;
  /** Who of those out is to be asked next, when, and how long to wait for it. */
  next(): Knock | null;
  clear(): void;
}

export interface Knock {
  readonly unit: number;
  readonly dueMs: number;
  readonly timeoutMs: number;
}

/** Once may be noise. */
const FAILS = 2;
/** A unit that returns is read within a minute. */
const LONGEST_PAUSE_MS = 45_000;
const PAUSES_MS = [5_000, 10_000, 20_000, LONGEST_PAUSE_MS] as const;
/** Waiting for those out takes at most this share of the line, shared among them, as long as each has the least patience. */
const MOST_SHARE = 0.07;
/** Units take a tenth of a second; who takes longer is known by its late answer. */
const LEAST_PATIENCE_MS = 300;

interface Silence {
  readonly unit: number;
  readonly fails: number;
  readonly timeoutMs: number;
  readonly lastMs: number;
  /** It needs all of its time. */
  readonly isSlow: boolean;
}

export function createIsolation(): Isolation {
  const silences = new Map<number, Silence>();
  const isOut = (unit: number): boolean => (silences.get(unit)?.fails ?? 0) >= FAILS;
  const allOut = (): Silence[] => [...silences.values()].filter(({ unit }) => isOut(unit));

  function patience({ timeoutMs, isSlow }: Silence): number {
    const share = (MOST_SHARE * LONGEST_PAUSE_MS) / allOut().length;
    return isSlow ? timeoutMs : Math.min(timeoutMs, Math.max(share, LEAST_PATIENCE_MS));
  }

  function toKnock(silence: Silence): Knock {
    const { unit, fails, lastMs } = silence;
    const spentMs = allOut().reduce((sum, each) => sum + patience(each), 0);
    const pauseMs = PAUSES_MS[Math.min(fails - FAILS, PAUSES_MS.length - 1)] ?? LONGEST_PAUSE_MS;
    const dueMs = lastMs + Math.min(Math.max(pauseMs, spentMs / MOST_SHARE), LONGEST_PAUSE_MS);
    return { unit, dueMs, timeoutMs: patience(silence) };
  }

  return {
    isOut,
    fails: (unit) => silences.get(unit)?.fails ?? 0,
    answered(unit) {
      const wasOut = isOut(unit);
      silences.delete(unit);
      return wasOut;
    },
    silent(unit, atMs, timeoutMs) {
      const { fails = 0, isSlow = false } = silences.get(unit) ?? {};
      silences.set(unit, { unit, fails: fails + 1, timeoutMs, lastMs: atMs, isSlow });
      return fails + 1 === FAILS;
    },
    late(unit) {
      const silence = silences.get(unit);
      if (!silence || !isOut(unit) || patience(silence) === silence.timeoutMs) return;
      silences.set(unit, { ...silence, isSlow: true, lastMs: Number.NEGATIVE_INFINITY });
    },
    next() {
      const knocks = allOut().map(toKnock);
      return knocks.length === 0 ? null : knocks.reduce((first, each) => (each.dueMs < first.dueMs ? each : first));
    },
    clear: () => silences.clear(),
  };
}

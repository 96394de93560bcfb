/** How far the village may have lived by now: with the clock, slower, in steps, and never ahead of it. */
import type { Clock } from './clock.ts';

export interface Pace {
  /** Village time per time; Infinity: as fast as possible until the clock is caught up. */
  readonly speed?: number | undefined;
  /** The village stands still; when it goes on it catches up, at its speed. */
  readonly isPaused?: boolean | undefined;
}

export interface Pacer {
  readonly speed: number;
  readonly isPaused: boolean;
  /** For a village that is at `villageMs`. */
  limitMs(villageMs: number): number;
  set(pace: Pace, villageMs: number): void;
  /** While paused: lives on by that much; steps add up. Resolves when it has. */
  step(villageMs: number, ms: number): Promise<void>;
  /** To be told where the village is; Infinity where it will go no further. */
  reached(villageMs: number): void;
}

/** What was asked of the village's time cannot be; `code` is stable. */
class PaceError extends Error {
  readonly code: 'bad-pace' | 'not-paused';

  constructor(code: PaceError['code'], sentence: string) {
    super(sentence);
    this.code = code;
  }
}

export function createPacer(clock: Clock, speedAtFirst = Number.POSITIVE_INFINITY): Pacer {
  let speed = expectSpeed(speedAtFirst);
  let isPaused = false;
  const steps = new Set<{ readonly untilMs: number; readonly resolve: () => void }>();
  let steppedToMs = Number.NEGATIVE_INFINITY;
  let isOver = false;
  /** Where and when the present pace began. */
  let began: { readonly clockMs: number; readonly villageMs: number } | null = null;

  return {
    get speed() {
      return speed;
    },
    get isPaused() {
      return isPaused;
    },
    limitMs(villageMs) {
      const nowMs = clock.now();
      if (isPaused) return Math.min(nowMs, steppedToMs);
      if (speed === Number.POSITIVE_INFINITY) return nowMs;
      began ??= { clockMs: nowMs, villageMs };
      return Math.min(nowMs, began.villageMs + (nowMs - began.clockMs) * speed);
    },
    set(pace, villageMs) {
      speed = expectSpeed(pace.speed ?? speed);
      isPaused = pace.isPaused ?? isPaused;
      steppedToMs = Number.NEGATIVE_INFINITY;
      began = { clockMs: clock.now(), villageMs };
    },
    async step(villageMs, ms) {
      if (!isPaused) throw new PaceError('not-paused', 'the village is not paused');
      if (!(ms > 0)) throw new PaceError('bad-pace', 'expected a step of more than 0 ms');
      steppedToMs = Math.min(clock.now(), Math.max(steppedToMs, villageMs) + ms);
      if (isOver) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      steps.add({ untilMs: steppedToMs, resolve });
      return promise;
    },
    reached(villageMs) {
      isOver ||= villageMs === Number.POSITIVE_INFINITY;
      for (const step of steps) {
        if (step.untilMs > villageMs) continue;
        steps.delete(step);
        step.resolve();
      }
    },
  };
}

function expectSpeed(speed: number): number {
  if (!(speed > 0)) throw new PaceError('bad-pace', 'expected a speed above 0');
  return speed;
}

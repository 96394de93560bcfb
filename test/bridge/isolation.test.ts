import { describe, expect, it } from 'vitest';
import { createIsolation } from '../../firmware-bridge/poll/isolation.ts';

const SECOND = 1_000;

describe('isolation', () => {
  it('bears one silence, and takes a unit out at the second', () => {
    const isolation = createIsolation();
    expect([isolation.silent(1, 0, SECOND), isolation.isOut(1)]).toEqual([false, false]);
    expect([isolation.silent(1, 10, SECOND), isolation.isOut(1)]).toEqual([true, true]);
  });

  it('forgets all silence at an answer, and says whether the unit had been out', () => {
    const isolation = createIsolation();
    isolation.silent(1, 0, SECOND);
    expect(isolation.answered(1)).toBe(false);
    isolation.silent(1, 0, SECOND);
    isolation.silent(1, 0, SECOND);
    expect([isolation.answered(1), isolation.isOut(1), isolation.next()]).toEqual([true, false, null]);
  });

  it('asks less and less often, and never less than every 45 s', () => {
    const isolation = createIsolation();
    isolation.silent(1, 0, 10);
    const waits: number[] = [];
    for (let atMs = 0, i = 0; i < 6; i++) {
      isolation.silent(1, atMs, 10);
      const dueMs = isolation.next()?.dueMs ?? 0;
      waits.push(dueMs - atMs);
      atMs = dueMs;
    }
    expect(waits).toEqual([5, 10, 20, 45, 45, 45].map((s) => s * SECOND));
  });

  it.each([1, 3, 10])(
    'spends at most a fourteenth of the line on %i that are silent, each asked within 45 s',
    (units) => {
      const isolation = createIsolation();
      for (let unit = 1; unit <= units; unit++) for (let i = 0; i < 2; i++) isolation.silent(unit, 0, 3 * SECOND);
      const untilMs = 3_600 * SECOND;
      const lastMs = new Map<number, number>();
      let spentMs = 0;
      for (let atMs = 0; ; ) {
        const next = isolation.next() ?? expect.fail();
        atMs = Math.max(atMs, next.dueMs) + next.timeoutMs;
        if (atMs > untilMs) break;
        expect(Math.round(next.dueMs - (lastMs.get(next.unit) ?? 0))).toBeLessThanOrEqual(45 * SECOND);
        lastMs.set(next.unit, atMs);
        isolation.silent(next.unit, atMs, 3 * SECOND);
        spentMs += next.timeoutMs;
      }
      expect(spentMs / untilMs).toBeLessThanOrEqual(1 / 14);
      expect(spentMs / untilMs).toBeGreaterThan(0.05);
    },
  );

  it('gives very many 300 ms each, and asks each within 45 s all the same', () => {
    const isolation = createIsolation();
    for (let unit = 1; unit <= 30; unit++) for (let i = 0; i < 2; i++) isolation.silent(unit, 0, SECOND);
    expect(isolation.next()).toEqual({ unit: 1, dueMs: 45 * SECOND, timeoutMs: 300 });
  });

  it('gives one that answered too late all of its time, once at once', () => {
    const isolation = createIsolation();
    for (const unit of [1, 2, 3, 4]) for (let i = 0; i < 2; i++) isolation.silent(unit, 0, 3 * SECOND);
    expect(isolation.next()?.timeoutMs).toBeLessThan(SECOND);
    isolation.late(2);
    expect(isolation.next()).toMatchObject({ unit: 2, dueMs: Number.NEGATIVE_INFINITY, timeoutMs: 3 * SECOND });
    isolation.silent(2, 3 * SECOND, 3 * SECOND);
    isolation.late(2);
    expect(isolation.next()?.dueMs).toBeGreaterThan(0);
  });
});

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

  it('spends at most a fourteenth of the line on the silent, however many they are', () => {
    const isolation = createIsolation();
    for (let unit = 1; unit <= 20; unit++) for (let i = 0; i < 2; i++) isolation.silent(unit, 0, SECOND);
    const untilMs = 3_600 * SECOND;
    let spentMs = 0;
    for (let atMs = 0; ; ) {
      const next = isolation.next();
      atMs = Math.max(atMs, next?.dueMs ?? 0) + SECOND;
      if (!next || atMs > untilMs) break;
      isolation.silent(next.unit, atMs, SECOND);
      spentMs += SECOND;
    }
    expect(spentMs / untilMs).toBeLessThanOrEqual(1 / 14);
    expect(spentMs / untilMs).toBeGreaterThan(0.05);
  });
});

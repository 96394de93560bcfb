import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createPaced } from '../../dashboard/paced.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it('makes what hundreds ask for once, and then a tenth of the time at most; nobody gets what is older than the question', async () => {
  let made = 0;
  const ask = createPaced(
    () => {
      vi.setSystemTime(Date.now() + 100);
      return ++made;
    },
    () => Date.now(),
  );
  const first = Promise.all(Array.from({ length: 200 }, ask));
  await vi.advanceTimersByTimeAsync(1);
  expect(new Set(await first)).toEqual(new Set([1]));
  const second = Promise.all(Array.from({ length: 200 }, ask));
  await vi.advanceTimersByTimeAsync(800);
  expect(made).toBe(1);
  await vi.advanceTimersByTimeAsync(100);
  expect(new Set(await second)).toEqual(new Set([2]));
});

it('tells all who asked of a fault, and is asked again', async () => {
  let isBroken = true;
  const ask = createPaced(
    () => {
      if (isBroken) throw new Error('away');
      return 1;
    },
    () => Date.now(),
  );
  const failing = Promise.allSettled([ask(), ask()]);
  await vi.advanceTimersByTimeAsync(1);
  expect((await failing).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  isBroken = false;
  const working = ask();
  await vi.advanceTimersByTimeAsync(1);
  expect(await working).toBe(1);
});

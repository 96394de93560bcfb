import { expect, it } from 'vitest';
import { createQueue } from '../../dashboard/web/charts/queue.ts';

it('runs no more than its limit at a time, all in order, failures included', async () => {
  const enqueue = createQueue(2);
  let running = 0;
  let most = 0;
  const order: number[] = [];
  const task = (n: number) => async () => {
    most = Math.max(most, ++running);
    await Promise.resolve();
    running--;
    order.push(n);
    if (n === 1) throw new Error('link lost');
    return n;
  };
  const results = await Promise.allSettled([0, 1, 2, 3, 4].map((n) => enqueue(task(n))));
  expect(most).toBe(2);
  expect(order).toEqual([0, 1, 2, 3, 4]);
  expect(results.map((r) => r.status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled', 'fulfilled']);
});

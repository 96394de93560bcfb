/** Deadlines of calls to threads, by fake clocks: the threads are hand-made and answer when they are told to. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  createThreadCalls,
  type ThreadRequest,
  type ThreadResponse,
  type ThreadWorker,
} from '../../link/thread-calls.ts';

interface HandMade extends ThreadWorker {
  readonly asked: ThreadRequest[];
  isTerminated: boolean;
  answer(response: Partial<ThreadResponse>): void;
  die(message: string): void;
}

function world(whenOverdue: 'replace' | 'wait', endsWhenTold = true) {
  const threads: HandMade[] = [];
  function startWorker(): HandMade {
    const listeners = new Map<string, (given: unknown) => void>();
    const thread: HandMade = {
      asked: [],
      isTerminated: false,
      on: (event, listener) => listeners.set(event, listener),
      removeAllListeners: () => listeners.clear(),
      postMessage: (request) => thread.asked.push(request),
      terminate() {
        thread.isTerminated = true;
        return endsWhenTold ? Promise.resolve() : new Promise(() => undefined);
      },
      answer: (response) => listeners.get('message')?.({ id: thread.asked[0]?.id, ...response }),
      die: (message) => listeners.get('error')?.(new Error(message)),
    };
    threads.push(thread);
    return thread;
  }
  const calls = createThreadCalls(
    {
      file: new URL('file:///none'),
      workerData: null,
      what: 'the thread',
      deadlineMs: 10_000,
      whenOverdue,
      diedCode: 'DIED',
    },
    { startWorker },
  );
  return { calls, threads };
}

const settled = async (promise: Promise<unknown>): Promise<unknown> =>
  await promise.catch((error: Error & { code: string }) => `${error.code}: ${error.message}`);

describe('a call to a thread', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('that is not answered in time fails, and the others are answered by a new thread', async () => {
    const { calls, threads } = world('replace');
    const [first, second] = [settled(calls.ask('history', 1)), settled(calls.ask('history', 2))];
    await vi.advanceTimersByTimeAsync(9_000);
    expect([threads.length, calls.overdueMs()]).toEqual([1, 0]);
    await vi.advanceTimersByTimeAsync(1_001);
    expect(await first).toBe('ERR_STORE_OVERDUE: the thread has not answered within 10 s');
    expect(threads[0]?.isTerminated).toBe(true);
    expect(threads[1]?.asked.map(({ argument }) => argument)).toEqual([2]);
    threads[1]?.answer({ result: 'two' });
    expect(await second).toBe('two');
    expect(calls.overdueMs()).toBe(0);
  });

  it('is known as overdue for as long as no thread answers, whatever was replaced meanwhile', async () => {
    const { calls, threads } = world('replace');
    const asked = [1, 2, 3].map((argument) => settled(calls.ask('history', argument)));
    await vi.advanceTimersByTimeAsync(15_000);
    expect(calls.overdueMs()).toBeGreaterThanOrEqual(15_000);
    await vi.advanceTimersByTimeAsync(10_000);
    // After two threads in a row it is not the question.
    const failed = 'ERR_STORE_OVERDUE: the thread has not answered within 10 s';
    expect(await Promise.all(asked)).toEqual([failed, failed, failed]);
    const next = settled(calls.ask('history', 4));
    expect(calls.overdueMs()).toBeGreaterThanOrEqual(0);
    threads.at(-1)?.answer({ result: 'four' });
    expect(await next).toBe('four');
    expect(calls.overdueMs()).toBe(0);
  });

  it('after the stop starts no thread', async () => {
    const { calls, threads } = world('replace');
    await calls.stop();
    expect(await settled(calls.ask('history', 1))).toBe('DIED: the thread has been stopped');
    expect(threads).toEqual([]);
  });

  it('has its time from when the thread came to it', async () => {
    const { calls, threads } = world('replace');
    const [first, second] = [settled(calls.ask('history', 1)), settled(calls.ask('history', 2))];
    await vi.advanceTimersByTimeAsync(8_000);
    threads[0]?.answer({ id: 1, result: 'one' });
    await vi.advanceTimersByTimeAsync(8_000);
    threads[0]?.answer({ id: 2, result: 'two' });
    expect([await first, await second, threads.length]).toEqual(['one', 'two', 1]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect([calls.overdueMs(), threads.length]).toEqual([0, 1]);
  });

  it('to a thread that writes is only told of: what it has begun still lands', async () => {
    const { calls, threads } = world('wait');
    const append = settled(calls.ask('append', 1));
    await vi.advanceTimersByTimeAsync(9_999);
    expect(calls.overdueMs()).toBe(0);
    await vi.advanceTimersByTimeAsync(50_001);
    expect(calls.overdueMs()).toBe(60_000);
    expect([threads.length, threads[0]?.isTerminated, threads[0]?.asked.length]).toEqual([1, false, 1]);
    threads[0]?.answer({ result: 'stored' });
    expect(await append).toBe('stored');
    expect(calls.overdueMs()).toBe(0);
  });

  it('fails with its thread, and the next starts another', async () => {
    const { calls, threads } = world('wait');
    const append = settled(calls.ask('append', 1));
    threads[0]?.die('out of memory');
    expect(await append).toBe('DIED: out of memory');
    void calls.ask('append', 1);
    expect(threads).toHaveLength(2);
  });

  it('starts no more threads beside some that do not end', async () => {
    const { calls, threads } = world('replace', false);
    for (let i = 0; i < 8; i++) {
      const call = settled(calls.ask('history', i));
      await vi.advanceTimersByTimeAsync(10_001);
      expect(await call).toContain('ERR_STORE_OVERDUE');
    }
    expect(threads).toHaveLength(4);
  });

  it('does not hold up the stop where a thread that reads is overdue', async () => {
    const { calls, threads } = world('replace', false);
    void settled(calls.ask('history', 1));
    vi.advanceTimersByTime(10_000);
    await calls.stop();
    expect(threads[0]?.isTerminated).toBe(true);
  });
});

it('a thread in a loop without end is ended, and another takes its place', async () => {
  const code = `import { parentPort } from 'node:worker_threads';
    parentPort.on('message', ({ id, name, argument }) => {
      while (name === 'loop');
      parentPort.postMessage({ id, result: argument });
      if (name === 'close') parentPort.close();
    });`;
  const calls = createThreadCalls({
    file: new URL(`data:text/javascript,${encodeURIComponent(code)}`),
    workerData: null,
    what: 'the thread',
    deadlineMs: 2_000,
    whenOverdue: 'replace',
    diedCode: 'DIED',
  });
  const [looping, other] = [settled(calls.ask('loop', null)), settled(calls.ask('say', 'word'))];
  expect(await looping).toBe('ERR_STORE_OVERDUE: the thread has not answered within 2 s');
  expect(await other).toBe('word');
  await calls.stop();
});

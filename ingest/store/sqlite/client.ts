import { createThreadCalls } from '../../../link/thread-calls.ts';
import type { Argument, CallName, Result, ThreadOptions } from './protocol.ts';

/** A SQLite thread, as async calls. */
export interface SqliteClient<C> {
  call<N extends CallName<C>>(name: N, argument: Argument<C, N>): Promise<Result<C, N>>;
  /** For how long it has answered nothing, where that is longer than any call may take; else 0. */
  overdueMs(): number;
  stop(): Promise<void>;
}

/** The writer may be in a sync that does not return: its group still lands when it does, so nobody else writes meanwhile. */
const THREADS = {
  './writer.ts': { what: 'the thread that stores readings', deadlineMs: 10_000, whenOverdue: 'wait' },
  './reader.ts': { what: 'the thread that reads history', deadlineMs: 20_000, whenOverdue: 'replace' },
} as const;

/** `thread` is the file beside this one that answers. */
export function createSqliteClient<C extends { close: unknown }>(
  thread: keyof typeof THREADS,
  options: ThreadOptions,
): SqliteClient<C> {
  const file = new URL(thread, import.meta.url);
  const calls = createThreadCalls({ ...THREADS[thread], file, workerData: options, diedCode: 'ERR_STORE_THREAD' });
  return {
    call: (name, argument) => calls.ask(name, argument) as Promise<never>,
    overdueMs: calls.overdueMs,
    stop: calls.stop,
  };
}

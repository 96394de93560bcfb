/** The thread's side of `client.ts`: answers calls one after the other, in the order they came. */
import { parentPort } from 'node:worker_threads';
import type { ThreadRequest, ThreadResponse } from '../../../link/thread-calls.ts';
import type { Argument, CallName, Result } from './protocol.ts';

export type Handlers<C> = { [N in CallName<C>]: (argument: Argument<C, N>) => Result<C, N> };

export function serve<C>(handlers: Handlers<C>): void {
  parentPort?.on('message', (request: ThreadRequest) => {
    parentPort?.postMessage(answer(handlers, request));
    if (request.name === 'close') parentPort?.close();
  });
}

function answer<C>(handlers: Handlers<C>, { id, name, argument }: ThreadRequest): ThreadResponse {
  try {
    return { id, result: (handlers as Record<string, (argument: unknown) => unknown>)[name]?.(argument) };
  } catch (error) {
    const { message, code = 'ERR_STORE' } = error as Error & { code?: string };
    return { id, error: { message, code } };
  }
}

import { Worker } from 'node:worker_threads';
import type { Argument, CallName, Request, Response, Result, ThreadOptions } from './protocol.ts';

/** A SQLite thread, as async calls. */
export interface SqliteClient<C> {
  call<N extends CallName<C>>(name: N, argument: Argument<C, N>): Promise<Result<C, N>>;
  stop(): Promise<void>;
}

interface Pending {
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
}

/** A call that the database refused, with SQLite's own code. */
class StoreError extends Error {
  readonly code: string;
  constructor(message: string, code: string) {
    super(message);
    this.name = 'StoreError';
    this.code = code;
  }
}

/** `thread` is the file beside this one that answers. A thread that dies fails the calls it held; the next call starts another. */
export function createSqliteClient<C extends { close: unknown }>(
  thread: './writer.ts' | './reader.ts',
  options: ThreadOptions,
): SqliteClient<C> {
  const pending = new Map<number, Pending>();
  let lastId = 0;
  let worker: Worker | null = start();

  function start(): Worker {
    const started = new Worker(new URL(thread, import.meta.url), {
      workerData: options,
      resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 2 },
    });
    started.on('message', settle);
    started.on('error', (error: Error) => {
      worker = null;
      for (const { reject } of pending.values()) reject(new StoreError(error.message, 'ERR_STORE_THREAD'));
      pending.clear();
    });
    return started;
  }

  function settle(response: Response): void {
    const call = pending.get(response.id);
    pending.delete(response.id);
    if ('error' in response) call?.reject(new StoreError(response.error.message, response.error.code));
    else call?.resolve(response.result as never);
  }

  function call<N extends CallName<C>>(name: N, argument: Argument<C, N>): Promise<Result<C, N>> {
    worker ??= start();
    const request: Request = { id: ++lastId, name, argument };
    return new Promise((resolve, reject) => {
      pending.set(request.id, { resolve, reject });
      worker?.postMessage(request);
    });
  }

  return {
    call,
    async stop() {
      if (worker) await call('close' as CallName<C>, undefined as never);
      await worker?.terminate();
    },
  };
}

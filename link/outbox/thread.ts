/** The thread that owns the outbox's database: answers calls one after the other, in the order they came. */
import { parentPort, workerData } from 'node:worker_threads';
import { type OutboxCounts, type OutboxFile, type OutboxOptions, openOutboxFile } from './file.ts';

export interface OutboxRequest {
  readonly id: number;
  readonly name: keyof OutboxFile;
  readonly args: readonly unknown[];
}

export interface OutboxResponse {
  readonly id: number;
  readonly counts: OutboxCounts;
  readonly result?: unknown;
  readonly error?: { readonly message: string; readonly code: string };
}

const outbox = openOutboxFile(workerData as OutboxOptions);

function answer({ id, name, args }: OutboxRequest): OutboxResponse {
  try {
    const result = (outbox[name] as (...given: readonly unknown[]) => unknown)(...args);
    return { id, result, counts: outbox.counts() };
  } catch (error) {
    const { message, code = 'ERR_OUTBOX' } = error as Error & { code?: string };
    return { id, error: { message, code }, counts: outbox.counts() };
  }
}

parentPort?.on('message', (request: OutboxRequest) => {
  parentPort?.postMessage(answer(request));
  if (request.name === 'close') parentPort?.close();
});

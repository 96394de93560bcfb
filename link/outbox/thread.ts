/** The thread that owns the outbox's database: answers calls one after the other, in the order they came. */
import { parentPort, workerData } from 'node:worker_threads';
import type { ThreadRequest, ThreadResponse } from '../thread-calls.ts';
import { isDamaged, setAside } from './damaged.ts';
import { type OutboxCounts, type OutboxFile, type OutboxOptions, openOutboxFile } from './file.ts';

export interface OutboxResponse extends ThreadResponse {
  readonly counts: OutboxCounts;
  /** A damaged file that was set aside since the last response, under that name. */
  readonly setAside?: string | undefined;
}

const options = workerData as OutboxOptions;
let lastSetAside: string | undefined;
let outbox = open();

function open(): OutboxFile {
  try {
    return openOutboxFile(options);
  } catch (error) {
    if (!maySetAside(error)) throw error;
    return beginAnew();
  }
}

function maySetAside(error: unknown): boolean {
  return options.whenDamaged === 'set-aside' && isDamaged(error);
}

function beginAnew(afterId = 0): OutboxFile {
  lastSetAside = setAside(options.file);
  return openOutboxFile(options, afterId);
}

function call({ name, argument }: ThreadRequest): unknown {
  const work = (): unknown =>
    (outbox[name as keyof OutboxFile] as (...given: readonly unknown[]) => unknown)(...((argument ?? []) as unknown[]));
  try {
    return work();
  } catch (error) {
    if (!maySetAside(error)) throw error;
    outbox.close();
    outbox = beginAnew(outbox.lastId());
    return work();
  }
}

function answer(request: ThreadRequest): OutboxResponse {
  const { id } = request;
  try {
    const result = call(request);
    return { id, result, counts: outbox.counts(), setAside: lastSetAside };
  } catch (error) {
    const { message, code = 'ERR_OUTBOX' } = error as Error & { code?: string };
    return { id, error: { message, code }, counts: outbox.counts() };
  } finally {
    lastSetAside = undefined;
  }
}

parentPort?.on('message', (request: ThreadRequest) => {
  parentPort?.postMessage(answer(request));
  if (request.name === 'close') parentPort?.close();
});

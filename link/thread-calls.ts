/**
 * Calls to a thread, as promises. A thread answers one call after the other, in the order they came; one that answers nothing
 * for as long as a call may take is overdue: whoever looks after it is told, and a thread that only reads is replaced.
 */
import { Worker } from 'node:worker_threads';

export interface ThreadRequest {
  readonly id: number;
  readonly name: string;
  readonly argument: unknown;
}

export interface ThreadResponse {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: { readonly message: string; readonly code: string };
}

export interface ThreadOptions {
  readonly file: URL;
  readonly workerData: unknown;
  /** What the thread does, as an error says it: `the thread that reads`. */
  readonly what: string;
  /** How long it may answer nothing while calls wait. */
  readonly deadlineMs: number;
  /**
   * What becomes of a thread that is overdue. `replace`: the call it is at fails, the others go to a new thread. `wait`: it may
   * be in a sync whose commit still lands, and so is neither given up nor asked again beside itself.
   */
  readonly whenOverdue: 'replace' | 'wait';
  /** Of a call that fails with its thread, where the thread has no code of its own. */
  readonly diedCode: string;
}

export interface ThreadHooks<R extends ThreadResponse> {
  /** Told of each response before its call is settled. */
  readonly onResponse?: (response: R) => void;
  readonly startWorker?: (file: URL, workerData: unknown) => ThreadWorker;
}

/** What is needed of a `Worker`. */
export interface ThreadWorker {
  // biome-ignore lint/suspicious/noExplicitAny: as Node has it.
  on(event: string, listener: (given: any) => void): unknown;
  removeAllListeners(): unknown;
  postMessage(request: ThreadRequest): void;
  terminate(): Promise<unknown>;
}

export interface ThreadCalls {
  ask(name: string, argument: unknown): Promise<unknown>;
  /** For how long the thread has answered nothing, where that is longer than a call may take; else 0. */
  overdueMs(): number;
  /** Asks it to close, and ends it. A thread that is to be replaced when overdue is not waited for when it is. */
  stop(): Promise<void>;
}

/** The name is the one by which the composition root and the HTTP API know it. */
class ThreadError extends Error {
  override readonly name = 'StoreError';
  readonly code: string;
  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}

/** Code of a call that was given up because the thread answered nothing in time. */
const OVERDUE_CODE = 'ERR_STORE_OVERDUE';

interface Call {
  readonly request: ThreadRequest;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Threads that were replaced and do not end, as where the system does not give back what they read: no more are started beside them. */
const MOST_LEFT_BEHIND = 3;

/** A thread that dies fails the calls it held; the next call starts another. */
export function createThreadCalls<R extends ThreadResponse>(
  options: ThreadOptions,
  { onResponse = () => undefined, startWorker = startThread }: ThreadHooks<R> = {},
): ThreadCalls {
  const { file, workerData, what, deadlineMs, whenOverdue, diedCode } = options;
  /** In the order in which they were asked: the thread is at the first. */
  const calls = new Map<number, Call>();
  let lastId = 0;
  let worker: ThreadWorker | null = null;
  let leftBehind = 0;
  /** Since when it has answered nothing, over all threads that were replaced meanwhile; null while it answers. */
  let failingSinceMs: number | null = null;
  /** Since when the thread has been at its first call. */
  let sinceMs = 0;
  let isWatched = false;
  let isStopped = false;

  function start(): ThreadWorker {
    const started = startWorker(file, workerData);
    started.on('message', settle);
    started.on('error', ({ message, code }: Error & { code?: string }) => {
      worker = null;
      failAll(new ThreadError(message, code ?? diedCode));
    });
    return started;
  }

  function failAll(error: Error): void {
    for (const { reject } of calls.values()) reject(error);
    calls.clear();
  }

  function settle(response: R): void {
    sinceMs = performance.now();
    failingSinceMs = null;
    const call = calls.get(response.id);
    calls.delete(response.id);
    onResponse(response);
    if (response.error) call?.reject(new ThreadError(response.error.message, response.error.code));
    else call?.resolve(response.result);
  }

  /** One timer looks after all calls: none is set and cleared for each. */
  function watch(): void {
    if (isWatched || whenOverdue === 'wait') return;
    isWatched = true;
    setTimeout(look, Math.max(1, deadlineMs - silentMs())).unref();
  }

  function look(): void {
    isWatched = false;
    // An answer may have been there for as long as this thread itself was busy: it is read first.
    if (silentMs() >= deadlineMs) setImmediate(replaceIfSilent);
    else if (calls.size > 0) watch();
  }

  function replaceIfSilent(): void {
    const [first, ...others] = calls.values();
    if (!first) return;
    if (silentMs() < deadlineMs) {
      watch();
      return;
    }
    const isAgain = failingSinceMs !== null;
    failingSinceMs ??= sinceMs;
    if (worker) leave(worker);
    worker = null;
    calls.delete(first.request.id);
    first.reject(overdue());
    // It is not that one question: nobody waits for a third thread.
    if (isAgain || leftBehind > MOST_LEFT_BEHIND) failAll(overdue());
    if (calls.size === 0) return;
    worker = start();
    sinceMs = performance.now();
    for (const { request } of others) worker.postMessage(request);
    watch();
  }

  /** A loop ends at once; what hangs in a call of the system stays until that returns. */
  function leave(old: ThreadWorker): void {
    old.removeAllListeners();
    old.on('error', () => undefined);
    leftBehind++;
    void old.terminate().then(() => {
      leftBehind--;
      // It was in a loop of its own, and nobody waits for anything: the next call will show.
      if (leftBehind === 0 && calls.size === 0) failingSinceMs = null;
    });
  }

  const overdue = (): ThreadError =>
    new ThreadError(`${what} has not answered within ${deadlineMs / 1_000} s`, OVERDUE_CODE);

  const silentMs = (): number => (calls.size === 0 ? 0 : performance.now() - sinceMs);

  function overdueMs(): number {
    if (failingSinceMs !== null) return performance.now() - failingSinceMs;
    return silentMs() >= deadlineMs ? silentMs() : 0;
  }

  /** Not after the stop: who comes late would start another thread, and that nobody would end. */
  function askUnlessStopped(name: string, argument: unknown): Promise<unknown> {
    return isStopped ? Promise.reject(new ThreadError(`${what} has been stopped`, diedCode)) : ask(name, argument);
  }

  function ask(name: string, argument: unknown): Promise<unknown> {
    if (worker === null && leftBehind > MOST_LEFT_BEHIND) return Promise.reject(overdue());
    worker ??= start();
    const request = { id: ++lastId, name, argument };
    if (calls.size === 0) sinceMs = performance.now();
    return new Promise((resolve, reject) => {
      calls.set(request.id, { request, resolve, reject });
      worker?.postMessage(request);
      watch();
    });
  }

  return {
    ask: askUnlessStopped,
    overdueMs,
    async stop() {
      if (isStopped) return;
      isStopped = true;
      if (whenOverdue === 'replace' && overdueMs() > 0) void worker?.terminate();
      else if (worker) {
        await ask('close', undefined);
        await worker?.terminate();
      }
    },
  };
}

function startThread(file: URL, workerData: unknown): ThreadWorker {
  return new Worker(file, {
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 2 },
  });
}

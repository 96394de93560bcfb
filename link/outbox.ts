/**
 * A durable outbox: a bounded queue on disk, first in first out, of what must reach somebody who may be away for days.
 * Its database works in a thread of its own, so that a slow card does not stop the event loop.
 */
import { Worker } from 'node:worker_threads';
import type { DeadLetter, OutboxCounts, OutboxEntry, OutboxFile, OutboxOptions, Peek } from './outbox/file.ts';
import type { OutboxRequest, OutboxResponse } from './outbox/thread.ts';

export interface Outbox {
  /** Resolves with its id once it is synced to disk. Rejects with code `outbox-full` where no room is made for it. */
  append(data: Uint8Array, items: number): Promise<number>;
  /** Entries after an id, oldest first. */
  peekAfter(peek: Peek): Promise<readonly OutboxEntry[]>;
  /** Entries before an id, newest first. */
  peekBefore(peek: Peek): Promise<readonly OutboxEntry[]>;
  /** Forgets all up to that id, once it has arrived; what the receiver refused of it is kept as dead letters. */
  remove(upTo: number, refused?: readonly DeadLetter[]): Promise<void>;
  /** The same of these alone, in whatever order they arrived. */
  removeEach(ids: readonly number[], refused?: readonly DeadLetter[]): Promise<void>;
  /** Forgets all up to that id, which never arrived, and counts them as dropped. */
  drop(upTo: number): Promise<void>;
  /** The newest first; of very many the oldest are gone. */
  deadLetters(limit: number): Promise<readonly DeadLetter[]>;
  /** What was kept under that name. */
  note(name: string): Promise<string | null>;
  /** Resolves once a short text is synced to disk beside the entries, in place of the one before. */
  keepNote(name: string, text: string): Promise<void>;
  /** As of the last call that was answered. */
  counts(): OutboxCounts;
  stop(): Promise<void>;
}

interface Call {
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
}

/** A call that failed: `outbox-full`, or the code of the database. The name is the one the composition root knows. */
class OutboxCallError extends Error {
  override readonly name = 'StoreError';
  readonly code: string;
  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Rejects where the file cannot be used: damaged, or of a newer version. `onSetAside` is told the new name of a damaged
 * file, where such a one is set aside.
 */
export async function openOutbox(
  options: OutboxOptions,
  onSetAside: (file: string) => void = () => undefined,
): Promise<Outbox> {
  const calls = new Map<number, Call>();
  let lastId = 0;
  let worker: Worker | null = null;
  let stopping: Promise<void> | null = null;
  let counts: OutboxCounts = { entries: 0, items: 0, bytes: 0, deadLetters: 0, dropped: 0, isOneSetAside: false };

  function start(): Worker {
    const started = new Worker(new URL('./outbox/thread.ts', import.meta.url), {
      workerData: options,
      resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 2 },
    });
    started.on('message', settle);
    // A thread that dies fails the calls it held; the next call starts another.
    started.on('error', ({ message, code }: Error & { code?: string }) => {
      worker = null;
      for (const { reject } of calls.values()) reject(new OutboxCallError(message, code ?? 'ERR_OUTBOX_THREAD'));
      calls.clear();
    });
    return started;
  }

  function settle(response: OutboxResponse): void {
    const call = calls.get(response.id);
    calls.delete(response.id);
    counts = response.counts;
    if (response.setAside !== undefined) onSetAside(response.setAside);
    if (response.error) call?.reject(new OutboxCallError(response.error.message, response.error.code));
    else call?.resolve(response.result as never);
  }

  function ask<N extends keyof OutboxFile>(name: N, ...args: Parameters<OutboxFile[N]>) {
    worker ??= start();
    const request: OutboxRequest = { id: ++lastId, name, args };
    return new Promise<ReturnType<OutboxFile[N]>>((resolve, reject) => {
      calls.set(request.id, { resolve, reject });
      worker?.postMessage(request);
    });
  }

  async function close(): Promise<void> {
    if (worker) await ask('close');
    await worker?.terminate();
  }

  await ask('counts');
  return {
    append: (data, items) => ask('append', data, items),
    peekAfter: (peek) => ask('peekAfter', peek),
    peekBefore: (peek) => ask('peekBefore', peek),
    remove: (upTo, refused = []) => ask('remove', upTo, refused),
    removeEach: (ids, refused = []) => ask('removeEach', ids, refused),
    drop: (upTo) => ask('drop', upTo),
    deadLetters: (limit) => ask('deadLetters', limit),
    note: (name) => ask('note', name),
    keepNote: (name, text) => ask('keepNote', name, text),
    counts: () => counts,
    stop: () => {
      stopping ??= close();
      return stopping;
    },
  };
}

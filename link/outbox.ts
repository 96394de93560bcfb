/**
 * A durable outbox: a bounded queue on disk, first in first out, of what must reach somebody who may be away for days.
 * Its database works in a thread of its own, so that a slow card does not stop the event loop.
 */
import type { DeadLetter, OutboxCounts, OutboxEntry, OutboxFile, OutboxOptions, Peek } from './outbox/file.ts';
import type { OutboxResponse } from './outbox/thread.ts';
import { createThreadCalls } from './thread-calls.ts';

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
  /** For how long its thread has answered nothing, where that is longer than any call may take, as on a disk that hangs; else 0. */
  overdueMs(): number;
  stop(): Promise<void>;
}

/** Far more than a sync takes; every call may wait for one. */
const DEADLINE_MS = 10_000;

/**
 * Rejects where the file cannot be used: damaged, or of a newer version. `onSetAside` is told the new name of a damaged
 * file, where such a one is set aside.
 */
export async function openOutbox(
  options: OutboxOptions,
  onSetAside: (file: string) => void = () => undefined,
): Promise<Outbox> {
  let stopping: Promise<void> | null = null;
  let counts: OutboxCounts = { entries: 0, items: 0, bytes: 0, deadLetters: 0, dropped: 0, isOneSetAside: false };
  const calls = createThreadCalls<OutboxResponse>(
    {
      file: new URL('./outbox/thread.ts', import.meta.url),
      workerData: options,
      what: 'the thread of the outbox',
      deadlineMs: DEADLINE_MS,
      whenOverdue: 'wait',
      diedCode: 'ERR_OUTBOX_THREAD',
    },
    {
      onResponse(response) {
        counts = response.counts;
        if (response.setAside !== undefined) onSetAside(response.setAside);
      },
    },
  );

  function ask<N extends keyof OutboxFile>(name: N, ...args: Parameters<OutboxFile[N]>) {
    return calls.ask(name, args) as Promise<ReturnType<OutboxFile[N]>>;
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
    overdueMs: calls.overdueMs,
    stop: () => {
      stopping ??= calls.stop();
      return stopping;
    },
  };
}

/** Helpers of a bench in processes of their own: each is given its options once, and tells what it sees as messages. */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { RunContext } from './run-context.ts';

export interface Child {
  readonly process: ChildProcess;
  /** Resolves with the next message of that kind; rejects where the process ends without, or it takes too long. */
  next<T>(kind: string, withinMs: number): Promise<T>;
  /** The last message of that kind so far. */
  latest<T>(kind: string): T | undefined;
  tell(word: string): void;
}

export interface ChildMessage {
  readonly kind: string;
  readonly content: unknown;
}

export function startChild(context: RunContext, file: string, options: object): Child {
  const child = context.own(fork(join(import.meta.dirname, 'children', file)));
  child.send(options);
  const latest = new Map<string, unknown>();
  child.on('message', ({ kind, content }: ChildMessage) => latest.set(kind, content));
  return {
    process: child,
    next: (kind, withinMs) => nextMessage(child, file, { kind, withinMs }),
    latest: <T>(kind: string) => latest.get(kind) as T | undefined,
    tell: (word) => child.connected && child.send(word),
  };
}

function nextMessage<T>(
  child: ChildProcess,
  file: string,
  { kind, withinMs }: { kind: string; withinMs: number },
): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => end(() => reject(new Error(`${file}: no "${kind}" in ${withinMs} ms`))), withinMs);
    const onMessage = (message: ChildMessage): void => {
      if (message.kind === kind) end(() => resolve(message.content as T));
    };
    const onExit = (): void => end(() => reject(new Error(`${file} ended without "${kind}"`)));
    function end(settle: () => void): void {
      clearTimeout(timer);
      child.off('message', onMessage);
      child.off('exit', onExit);
      settle();
    }
    child.on('message', onMessage);
    child.on('exit', onExit);
  });
}

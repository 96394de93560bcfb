/** The child's side of `bench/child.ts`. */
import { once } from 'node:events';
import type { ChildMessage } from '../child.ts';

/** The first message is the options: a command line would not hold the topics of ten thousand devices. */
export async function readOptions<T>(): Promise<T> {
  // A bench that is gone must leave nothing running.
  process.on('disconnect', () => process.exit(1));
  const [options] = (await once(process, 'message')) as [T];
  return options;
}

/** Resolves once it is on its way. */
export function tellParent(kind: string, content: unknown = null): Promise<void> {
  const message: ChildMessage = { kind, content };
  return new Promise((resolve) => process.send?.(message, () => resolve()));
}

export function onWord(listener: (word: string) => void): void {
  process.on('message', listener);
}

/** The bench's side of a subscriber in a process of its own. */
import { startChild } from './child.ts';
import type { RunContext } from './run-context.ts';

export interface Subscriber {
  /** Messages so far. */
  received(): Promise<number>;
  /** It reads nothing from now on, and stays connected. */
  freeze(): void;
  /** Gone from one moment to the next. */
  leave(): void;
}

const ANSWER_WITHIN_MS = 30_000;

export async function subscribe(context: RunContext, to: { port: number; filter: string }): Promise<Subscriber> {
  const child = startChild(context, 'subscriber.ts', to);
  await child.next('subscribed', ANSWER_WITHIN_MS);
  return {
    received() {
      const answer = child.next<number>('received', ANSWER_WITHIN_MS);
      child.tell('count');
      return answer;
    },
    freeze: () => child.tell('freeze'),
    leave: () => child.process.kill('SIGKILL'),
  };
}

/** Somebody who tries passwords, many at a time. */
import { ask, createTally } from './ask.ts';
import type { Attack } from './attack.ts';

const AT_ONCE = 60;
const FOR_MS = 15_000;
const NAMES = ['admin', 'aida', 'operator'];

export const httpSignIn: Attack = {
  name: 'sign-in',
  async run(target, signal) {
    const tally = createTally();
    const untilMs = performance.now() + FOR_MS;
    async function guess(who: number): Promise<void> {
      for (let i = 0; !signal.aborted && performance.now() < untilMs; i++) {
        const user = i % 2 === 0 ? NAMES[who % NAMES.length] : `name-${who}-${i}`;
        tally.add(await ask(target, { path: '/api/session', body: { user, password: `guess ${i}` } }, signal));
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, (_, who) => guess(who)));
    return tally.toString();
  },
};

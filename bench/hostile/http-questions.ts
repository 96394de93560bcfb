/** Somebody who asks for everything that is costly, as often as the server takes it. */
import { ask, createTally } from './ask.ts';
import type { Attack } from './attack.ts';

const AT_ONCE = 200;
const FOR_MS = 15_000;
const YEAR_MS = 366 * 86_400_000;

export const httpQuestions: Attack = {
  name: 'questions',
  async run(target, signal) {
    const { text } = await ask(target, { path: '/api/plant' }, signal);
    const [{ id, metrics = [] } = { id: '' }] = (JSON.parse(text) as Plant).devices;
    const series = `device=${id}&metric=${metrics[0]}`;
    const paths = [
      '/api/plant',
      '/api/live',
      '/api/rules',
      '/api/alarms?state=all&limit=1000',
      '/api/alarm-quality',
      '/api/works',
      `/api/history?${series}&from=${Date.now() - YEAR_MS}&points=10000&aggregate=minmax`,
      `/api/history.csv?${series}&from=0`,
    ];
    const tally = createTally();
    const untilMs = performance.now() + FOR_MS;
    async function askOn(who: number): Promise<void> {
      for (let i = who; !signal.aborted && performance.now() < untilMs; i++) {
        tally.add(await ask(target, { path: paths[i % paths.length] ?? '/' }, signal));
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, (_, who) => askOn(who)));
    return tally.toString();
  },
};

interface Plant {
  readonly devices: readonly { readonly id: string; readonly metrics?: readonly string[] }[];
}

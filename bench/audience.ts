/** What looks at a server while it is under load: a page on the live feed, and someone who turns over charts. */
import { io } from 'socket.io-client';
import type { AimakProcess } from '../test/harness/process.ts';
import { quantile } from './statistics.ts';

export interface Audience {
  /** Resolves when its last question is answered. */
  leave(): Promise<{ readonly frames: number; readonly historyP50Ms: number; readonly historyP99Ms: number }>;
}

const DAY_MS = 86_400_000;

export interface Question {
  readonly device: string;
  readonly metric: string;
}

/** `questionsPerS`: of a day of one series after another, whether the last is answered or not. */
export function seatAudience(server: AimakProcess, series: readonly Question[], questionsPerS: number): Audience {
  const page = io(`${server.url}/live`, { transports: ['websocket'] });
  let frames = 0;
  page.on('values', () => frames++);
  page.on('connect', () => page.emit('subscribe', { site: 'all' }));

  const tookMs: number[] = [];
  const open = new Set<Promise<void>>();
  let asked = 0;
  async function ask(): Promise<void> {
    const { device, metric } = series[(asked++ * 31) % series.length] ?? { device: '', metric: '' };
    const from = Date.now() - DAY_MS;
    const startedAt = performance.now();
    await server.get(`/api/history?device=${device}&metric=${metric}&from=${from}&points=1000&aggregate=minmax`);
    tookMs.push(performance.now() - startedAt);
  }
  const asking = setInterval(() => {
    const answer = ask().catch((error: Error) => console.error(error.message));
    open.add(answer);
    void answer.then(() => open.delete(answer));
  }, 1_000 / questionsPerS);

  return {
    async leave() {
      clearInterval(asking);
      page.close();
      await Promise.all(open);
      return { frames, historyP50Ms: quantile(tookMs, 0.5), historyP99Ms: quantile(tookMs, 0.99) };
    },
  };
}

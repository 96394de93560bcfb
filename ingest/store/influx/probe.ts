/** Looks every now and then whether InfluxDB answers questions: also where nothing is written, and nobody asks. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Contact } from './contact.ts';
import type { InfluxServer } from './server.ts';

const PROBE_EVERY_MS = 10_000;
/** A start does not wait longer for a server that does not answer. */
const FIRST_ANSWER_WITHIN_MS = 5_000;

/** Resolves with how to end it, once the first answer is there, or is overdue. */
export async function startProbe(server: InfluxServer, contact: Contact): Promise<() => void> {
  let isStopped = false;

  async function probe(): Promise<void> {
    await server.query(['SHOW MEASUREMENTS LIMIT 1']).then(
      () => contact.works('read'),
      (error: Error) => {
        if (!isStopped) contact.failed('read', error.message);
      },
    );
  }

  const first = server.prepare().then(probe);
  const isAnswered = await Promise.race([first.then(() => true), delay(FIRST_ANSWER_WITHIN_MS, false, { ref: false })]);
  // A probe that works takes it back, however late.
  if (!isAnswered) contact.failed('read', 'InfluxDB has not answered yet');
  const timer = setInterval(probe, PROBE_EVERY_MS);
  return () => {
    isStopped = true;
    clearInterval(timer);
  };
}

/**
 * Moves what is in the outbox to InfluxDB, in order, and goes on trying. Only what the server has taken leaves the
 * outbox; a point that it will never take becomes a dead letter, so that it holds up no other.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { DeadLetter } from '../../../link/outbox/file.ts';
import type { Outbox } from '../../../link/outbox.ts';
import type { Log } from '../../../model/log.ts';
import type { Contact } from './contact.ts';
import { BATCH_READINGS, type Failed, sendAll } from './delivery.ts';
import type { InfluxServer } from './server.ts';

export interface Drain {
  /** Something new is in the outbox. */
  appended(): void;
  /** Resolves once all up to that entry has gone, or when that is not to be expected soon. */
  settled(id: number): Promise<void>;
  stop(): Promise<void>;
}

export interface DrainDependencies {
  readonly outbox: Outbox;
  readonly server: InfluxServer;
  readonly contact: Contact;
  readonly log: Log;
  readonly uptimeMs: () => number;
}

/** Where less than a write waits: what comes in so long makes one and not many. */
const LINGER_MS = 100;
/** Whoever reads waits so long for what was taken before. */
const SETTLED_WITHIN_MS = 2_000;
const [FIRST_RETRY_MS, LONGEST_RETRY_MS] = [1_000, 30_000];
/** Even where the server asks for more. */
const LONGEST_WAIT_MS = 3_600_000;
const TELL_REFUSED_EVERY_MS = 60_000;

export function startDrain({ outbox, server, contact, log, uptimeMs }: DrainDependencies): Drain {
  const readers = createReaders();
  const nap = createNap();
  let isStopping = false;
  let failures = 0;
  let toldRefusedMs = Number.NEGATIVE_INFINITY;
  const running = run();

  async function run(): Promise<void> {
    while (!isStopping) {
      const { items } = outbox.counts();
      if (items === 0) await nap.take('empty', null);
      else {
        if (items < BATCH_READINGS && !readers.areWaiting()) await nap.take('linger', LINGER_MS);
        await advance();
      }
    }
  }

  async function advance(): Promise<void> {
    if (failures > 0) await server.prepare();
    const failed = await sendAll({ outbox, server, arrived, isStopping: () => isStopping }).catch((error: Error) => ({
      reason: error.message,
      retryAfterMs: null,
    }));
    if (failed && !isStopping) await recover(failed);
  }

  async function recover({ reason, retryAfterMs }: Omit<Failed, 'kind'>): Promise<void> {
    contact.failed('write', reason);
    readers.release(Number.POSITIVE_INFINITY);
    // Spread, so that many stores do not come back in one instant.
    const backOffMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures) * (0.5 + Math.random() / 2);
    failures++;
    await nap.take('retry', Math.min(retryAfterMs ?? backOffMs, LONGEST_WAIT_MS));
  }

  async function arrived(upTo: number, refused: readonly DeadLetter[]): Promise<void> {
    failures = 0;
    contact.works('write');
    await outbox.remove(upTo, refused);
    tellRefused(refused);
    readers.release(upTo);
  }

  function tellRefused([first, ...more]: readonly DeadLetter[]): void {
    if (!first || uptimeMs() - toldRefusedMs < TELL_REFUSED_EVERY_MS) return;
    toldRefusedMs = uptimeMs();
    log.warn({ ...first, more: more.length }, 'InfluxDB refuses readings for good; they are kept as dead letters');
  }

  return {
    appended: () => nap.end('empty'),
    async settled(id) {
      if (outbox.counts().entries === 0 || contact.reason() !== null) return;
      const done = readers.wait(id);
      nap.end('linger');
      await done;
    },
    async stop() {
      isStopping = true;
      for (const why of ['empty', 'linger', 'retry'] as const) nap.end(why);
      server.stop();
      await running;
      readers.release(Number.POSITIVE_INFINITY);
    },
  };
}

type Why = 'empty' | 'linger' | 'retry';

/** A rest that can be ended early, by those who know why it is taken. */
function createNap() {
  let why: Why | null = null;
  let ending = new AbortController();
  return {
    /** Null: until it is ended. */
    async take(reason: Why, ms: number | null): Promise<void> {
      why = reason;
      ending = new AbortController();
      const { signal } = ending;
      if (ms === null) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      else await delay(ms, undefined, { signal }).catch(() => undefined);
      why = null;
    },
    end(reason: Why): void {
      if (why === reason) ending.abort();
    },
  };
}

/** Those who wait for an entry to be gone, but not for ever. */
function createReaders() {
  const waiting = new Map<() => void, number>();
  return {
    areWaiting: () => waiting.size > 0,
    wait: (id: number) =>
      new Promise<void>((resolve) => {
        const timer = setTimeout(done, SETTLED_WITHIN_MS);
        function done(): void {
          clearTimeout(timer);
          waiting.delete(done);
          resolve();
        }
        waiting.set(done, id);
      }),
    release(upTo: number): void {
      for (const [done, id] of waiting) if (id <= upTo) done();
    },
  };
}

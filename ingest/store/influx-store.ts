/** InfluxDB as a reading store, behind a durable outbox (`influx/`, ADR 0012). */
import { setTimeout as delay } from 'node:timers/promises';
import { type Outbox, openOutbox } from '../../link/outbox.ts';
import type { Log } from '../../model/log.ts';
import type { Reading } from '../../model/reading.ts';
import { createContact } from './influx/contact.ts';
import { startDrain } from './influx/drain.ts';
import { packGroup, unpackGroup } from './influx/group.ts';
import { queryHistory, queryNewest } from './influx/influx-ql.ts';
import { createLineWriter, type PlaceOf, parseLine } from './influx/line-protocol.ts';
import { createRecentWindow, type RecentWindow } from './influx/recent-window.ts';
import { connectInflux, type InfluxOptions } from './influx/server.ts';
import type { AppendOutcome, ReadingStore } from './reading-store.ts';

export interface InfluxStoreOptions extends InfluxOptions {
  /** The outbox's file. */
  readonly file: string;
  /** The most that may wait for InfluxDB; beyond it nothing is acknowledged. */
  readonly outboxBytes: number;
  readonly placeOf: PlaceOf;
}

/** What waits in the outbox and is read again at the start, the newest first: a second's work. */
const MAX_RESTORED_READINGS = 500_000;
/** A start does not wait longer for a server that does not answer. */
const FIRST_ANSWER_WITHIN_MS = 5_000;
const PROBE_EVERY_MS = 10_000;

/** Starts also while InfluxDB is away: health says so. */
export async function openInfluxStore(options: InfluxStoreOptions, { log }: { log: Log }): Promise<ReadingStore> {
  const uptimeMs = (): number => performance.now();
  const outbox = await openOutbox({ file: options.file, maxBytes: options.outboxBytes });
  const recent = createRecentWindow();
  await restore(outbox, recent);
  const server = connectInflux(options);
  const contact = createContact({ log, uptimeMs });
  const toLines = createLineWriter(options.placeOf);

  async function probe(): Promise<void> {
    await server.query(['SHOW MEASUREMENTS LIMIT 1']).then(
      () => contact.works('read'),
      (error: Error) => contact.failed('read', error.message),
    );
  }

  const first = server.prepare().then(probe);
  const isAnswered = await Promise.race([first.then(() => true), delay(FIRST_ANSWER_WITHIN_MS, false, { ref: false })]);
  // A probe that works takes it back, however late.
  if (!isAnswered) contact.failed('read', `${options.url} has not answered yet`);
  const drain = startDrain({ outbox, server, contact, log, uptimeMs });
  const probing = setInterval(probe, PROBE_EVERY_MS);
  let lastId = 0;
  let appending: Promise<unknown> = Promise.resolve();

  async function take(readings: readonly Reading[]): Promise<readonly AppendOutcome[]> {
    const outcomes = readings.map(recent.take);
    const stored = readings.filter((_, i) => outcomes[i] === 'stored');
    if (stored.length === 0) return outcomes;
    try {
      lastId = await outbox.append(packGroup(toLines(stored)), stored.length);
    } catch (error) {
      recent.giveBack(stored);
      throw error;
    }
    drain.appended();
    return outcomes;
  }

  return {
    append(readings) {
      // One after the other: what a failed append gives back must not have made duplicates of the next.
      const taken = appending.then(() => take(readings));
      appending = taken.catch(() => undefined);
      return taken;
    },
    async newest() {
      try {
        if (contact.reason() === null) for (const reading of await queryNewest(server)) recent.take(reading);
      } catch (error) {
        // Live state then begins with what waits here.
        contact.failed('read', (error as Error).message);
      }
      return recent.newest();
    },
    async history(query) {
      const place = options.placeOf(query.device);
      await drain.settled(lastId);
      return await queryHistory(server, place?.kind ?? '', query);
    },
    health() {
      const { items, bytes, deadLetters } = outbox.counts();
      const reason = contact.reason();
      return {
        kind: 'influx',
        reachable: reason === null,
        pending: items,
        pendingBytes: bytes,
        deadLetters,
        reason,
        unreachableMs: contact.unreachableMs(),
      };
    },
    async stop() {
      clearInterval(probing);
      await drain.stop();
      await outbox.stop();
    },
  };
}

/** Repeats of what still waits are recognised, and live state begins with it. */
async function restore(outbox: Outbox, recent: RecentWindow): Promise<void> {
  let restored = 0;
  for (let id = Number.MAX_SAFE_INTEGER; restored < MAX_RESTORED_READINGS; ) {
    const entries = await outbox.peekBefore({ id, maxItems: 50_000, maxBytes: 4_000_000 });
    for (const { data, items } of entries) {
      for (const line of unpackGroup(data)) parseLine(line).forEach(recent.take);
      restored += items;
    }
    const oldest = entries.at(-1);
    if (!oldest) return;
    id = oldest.id;
  }
}

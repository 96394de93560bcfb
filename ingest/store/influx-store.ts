/** InfluxDB as a reading store, behind a durable outbox (`influx/`, ADR 0012). */
import { openOutbox } from '../../link/outbox.ts';
import type { Log } from '../../model/log.ts';
import { createContact } from './influx/contact.ts';
import { startDrain } from './influx/drain.ts';
import { queryHistory, queryNewest } from './influx/influx-ql.ts';
import { openIntake } from './influx/intake.ts';
import type { PlaceOf } from './influx/line-protocol.ts';
import type { InfluxOptions } from './influx/options.ts';
import { startProbe } from './influx/probe.ts';
import { connectInflux } from './influx/server.ts';
import type { ReadingStore } from './reading-store.ts';

export interface InfluxStoreOptions extends InfluxOptions {
  /** The outbox's file. */
  readonly file: string;
  /** The most that may wait for InfluxDB; beyond it nothing is acknowledged. */
  readonly outboxBytes: number;
  readonly placeOf: PlaceOf;
}

export interface InfluxStoreDependencies {
  readonly log: Log;
  /** Default: that of the process. */
  readonly uptimeMs?: () => number;
}

/** Starts also while InfluxDB is away: health says so. */
export async function openInfluxStore(
  options: InfluxStoreOptions,
  { log, uptimeMs = () => performance.now() }: InfluxStoreDependencies,
): Promise<ReadingStore> {
  const outbox = await openOutbox({ file: options.file, maxBytes: options.outboxBytes });
  const intake = await openIntake(outbox, options.placeOf);
  const server = connectInflux(options);
  const contact = createContact({ log, uptimeMs });
  const stopProbe = await startProbe(server, contact);
  const drain = startDrain({ outbox, server, contact, log, uptimeMs });

  return {
    async append(readings) {
      const outcomes = await intake.append(readings);
      drain.appended();
      return outcomes;
    },
    async newest() {
      try {
        if (contact.reason() === null) intake.know(await queryNewest(server));
      } catch (error) {
        // Live state then begins with what waits here.
        contact.failed('read', (error as Error).message);
      }
      return intake.newest();
    },
    async history(query) {
      await drain.settled(intake.lastId());
      return await queryHistory(server, options.placeOf(query.device)?.kind ?? '', query);
    },
    health() {
      const { items, bytes, deadLetters } = outbox.counts();
      const reason = contact.reason();
      const unreachableMs = contact.unreachableMs();
      const waiting = { pending: items, pendingBytes: bytes, deadLetters };
      const overdueMs = outbox.overdueMs();
      return { kind: 'influx', reachable: reason === null, ...waiting, reason, unreachableMs, overdueMs };
    },
    async stop() {
      stopProbe();
      await drain.stop();
      await outbox.stop();
    },
  };
}

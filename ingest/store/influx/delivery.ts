/** From entries of the outbox to writes, and what became of them. */

import type { DeadLetter, OutboxEntry } from '../../../link/outbox/file.ts';
import type { Outbox } from '../../../link/outbox.ts';
import { unpackGroup } from './group.ts';
import type { InfluxServer } from './server.ts';

interface Batch {
  /** Of the last entry in it. */
  readonly lastId: number;
  /** Lines. */
  readonly text: string;
}

export interface Failed {
  readonly kind: 'failed';
  readonly reason: string;
  /** Where the server says when to come back. */
  readonly retryAfterMs: number | null;
}

type Delivery = { readonly kind: 'done'; readonly refused: readonly DeadLetter[] } | Failed;

/** A write: some 7,000 lines where a message holds three readings. InfluxDB 1.6 does best with 5,000 to 10,000. */
export const BATCH_READINGS = 20_000;
/** What is read ahead while a batch is on its way. */
const AHEAD = { maxItems: 2 * BATCH_READINGS, maxBytes: 4_000_000 };

/** With more at a time, 1.6 answers 500. */
const WRITES_IN_FLIGHT = 2;

export interface Sending {
  readonly outbox: Outbox;
  readonly server: InfluxServer;
  /** All up to that entry is in InfluxDB, but for what it refused for good. */
  arrived(upTo: number, refused: readonly DeadLetter[]): Promise<void>;
  isStopping(): boolean;
}

/** Sends all there is, in order, a few writes at a time. Null when it is done, else why the first one is not. */
export async function sendAll({ outbox, server, arrived, isStopping }: Sending): Promise<Failed | null> {
  const sent: { readonly lastId: number; readonly delivery: Promise<Delivery> }[] = [];
  let failed: Failed | null = null;
  let noting: Promise<void> = Promise.resolve();

  /** The first one sent. What was written behind one that failed is written again. */
  async function settleFirst(): Promise<void> {
    const first = sent.shift();
    const result = await first?.delivery;
    if (!first || !result || failed) return;
    if (result.kind === 'failed') failed = result;
    else {
      await noting;
      noting = arrived(first.lastId, result.refused);
      // Awaited before the next one.
      noting.catch(() => undefined);
    }
  }

  for await (const { lastId, text } of readBatches(outbox)) {
    if (sent.length === WRITES_IN_FLIGHT) await settleFirst();
    if (failed || isStopping()) break;
    sent.push({ lastId, delivery: deliver(server, text) });
  }
  while (sent.length > 0) await settleFirst();
  await noting;
  return failed;
}

/** All that is in the outbox, in order; ends where nothing more is there at the time of looking. */
async function* readBatches(outbox: Outbox): AsyncGenerator<Batch, void> {
  let ahead = outbox.peekAfter({ ...AHEAD, id: 0 });
  for (;;) {
    const entries = await ahead;
    const last = entries.at(-1);
    if (!last) return;
    ahead = outbox.peekAfter({ ...AHEAD, id: last.id });
    // Nobody asks for it where a batch before it fails.
    ahead.catch(() => undefined);
    yield* toBatches(entries);
  }
}

/** Of whole entries, since only whole entries can be removed. */
function* toBatches(entries: readonly OutboxEntry[]): Generator<Batch, void> {
  let batch: OutboxEntry[] = [];
  let readings = 0;
  for (const entry of entries) {
    if (batch.length > 0 && readings + entry.items > BATCH_READINGS) {
      yield toBatch(batch);
      batch = [];
      readings = 0;
    }
    batch.push(entry);
    readings += entry.items;
  }
  if (batch.length > 0) yield toBatch(batch);
}

function toBatch(entries: readonly OutboxEntry[]): Batch {
  return { lastId: entries.at(-1)?.id ?? 0, text: entries.map(({ data }) => unpackGroup(data)).join('\n') };
}

/** Where the server refuses some lines, halves are sent until they are found: the others are written. */
async function deliver(server: InfluxServer, text: string): Promise<Delivery> {
  const answer = await server.write(text);
  if (answer.kind === 'written') return { kind: 'done', refused: [] };
  if (answer.kind === 'failed') return answer;
  const lines = text.split('\n');
  if (lines.length === 1 || (answer.kind === 'refused' && answer.dropped >= lines.length)) {
    return { kind: 'done', refused: lines.map((line) => ({ reason: answer.reason, text: line })) };
  }
  const middle = Math.ceil(lines.length / 2);
  const first = await deliver(server, lines.slice(0, middle).join('\n'));
  if (first.kind === 'failed') return first;
  const second = await deliver(server, lines.slice(middle).join('\n'));
  return second.kind === 'failed' ? second : { kind: 'done', refused: [...first.refused, ...second.refused] };
}

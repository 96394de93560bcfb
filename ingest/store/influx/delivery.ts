/** From entries of the outbox to writes, and what became of them. */
import type { DeadLetter, OutboxEntry } from '../../../link/outbox-file.ts';
import { unpackGroup } from './group.ts';
import type { InfluxServer } from './server.ts';

export interface Batch {
  /** Of the last entry in it. */
  readonly lastId: number;
  readonly lines: readonly string[];
}

export interface Failed {
  readonly kind: 'failed';
  readonly reason: string;
  /** Where the server says when to come back. */
  readonly retryAfterMs: number | null;
}

export type Delivery = { readonly kind: 'done'; readonly refused: readonly DeadLetter[] } | Failed;

/** Lines a write. InfluxDB 1.6 does best at 5,000 to 10,000. */
const BATCH_LINES = 7_500;
/** Writes at a time. With more, 1.6 answers 500. */
const WRITES_IN_FLIGHT = 2;

/** As many as are written at a time; whole entries, since only whole entries can be removed. */
export function toBatches(entries: readonly OutboxEntry[]): Batch[] {
  const batches: { lastId: number; lines: string[] }[] = [];
  for (const { id, data } of entries) {
    const lines = unpackGroup(data);
    const batch = batches.at(-1);
    if (batch && batch.lines.length + lines.length <= BATCH_LINES) {
      for (const line of lines) batch.lines.push(line);
      batch.lastId = id;
    } else if (batches.length === WRITES_IN_FLIGHT) break;
    else batches.push({ lastId: id, lines });
  }
  return batches;
}

/** Where the server refuses some lines, halves are sent until they are found: the others are written. */
export async function deliver(server: InfluxServer, lines: readonly string[]): Promise<Delivery> {
  const answer = await server.write(lines);
  if (answer.kind === 'written') return { kind: 'done', refused: [] };
  if (answer.kind === 'failed') return answer;
  if (lines.length === 1 || (answer.kind === 'refused' && answer.isAll)) {
    return { kind: 'done', refused: lines.map((text) => ({ reason: answer.reason, text })) };
  }
  const middle = Math.ceil(lines.length / 2);
  const first = await deliver(server, lines.slice(0, middle));
  if (first.kind === 'failed') return first;
  const second = await deliver(server, lines.slice(middle));
  return second.kind === 'failed' ? second : { kind: 'done', refused: [...first.refused, ...second.refused] };
}

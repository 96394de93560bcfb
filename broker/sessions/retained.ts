/** The last message of each topic that was published to be kept. */
import type { AedesPublishPacket } from 'aedes';
import type { Log } from '../../model/log.ts';
import { isOwnTopic } from '../../model/topic.ts';
import { matchesTopic } from '../topic-index.ts';
import { type Note, ownBytes, type RetainedRow } from './rows.ts';
import type { StoredRetained } from './session-file.ts';
import type { SessionLimits } from './session-limits.ts';

export interface RetainedCounts {
  readonly messages: number;
  readonly bytes: number;
  readonly refused: number;
}

export interface Retained {
  restore(stored: Iterable<StoredRetained>): void;
  /** An empty one takes away what is there. */
  store(packet: AedesPublishPacket): void;
  match(filters: readonly string[]): Iterable<AedesPublishPacket>;
  get(topic: string): AedesPublishPacket | undefined;
  all(): Iterable<AedesPublishPacket>;
  counts(): RetainedCounts;
}

export function createRetained(limits: SessionLimits, note: Note, log: Log): Retained {
  const rows = new Map<string, RetainedRow>();
  let bytes = 0;
  let refused = 0;

  function add(packet: AedesPublishPacket, isSaved: boolean): RetainedRow {
    const row: RetainedRow = { table: 'retained', topic: packet.topic, packet, isSaved, isGone: false };
    rows.set(row.topic, row);
    bytes += bytesOf(packet);
    return row;
  }

  function remove(row: RetainedRow): void {
    rows.delete(row.topic);
    bytes -= bytesOf(row.packet);
    row.isGone = true;
    note(row);
  }

  function refuse(topic: string): void {
    refused++;
    log.warn({ topic, ...counts() }, 'too many retained messages: this one and others are not kept');
  }

  /** What the contract does not know of leaves half of the room for the states of devices. */
  function hasRoom(packet: AedesPublishPacket): boolean {
    const share = isOwnTopic(packet.topic) ? 1 : 0.5;
    const isFew = rows.size < limits.retainedMessages * share;
    return isFew && bytes + bytesOf(packet) <= limits.retainedBytes * share;
  }

  function counts(): RetainedCounts {
    return { messages: rows.size, bytes, refused };
  }

  return {
    restore(stored) {
      for (const { topic, qos, payload } of stored) {
        add(
          { cmd: 'publish', topic, qos, payload: Buffer.from(payload), retain: true, dup: false } as AedesPublishPacket,
          true,
        );
      }
    },
    store(packet) {
      // Also where the new one cannot be kept: an outdated value is worse than none.
      const old = rows.get(packet.topic);
      if (old) remove(old);
      if (packet.payload.length === 0) return;
      if (!hasRoom(packet)) refuse(packet.topic);
      else note(add({ ...packet, payload: ownBytes(packet.payload) }, false));
    },
    *match(filters) {
      for (const filter of filters) yield* matching(rows, filter);
    },
    get: (topic) => rows.get(topic)?.packet,
    *all() {
      for (const { packet } of rows.values()) yield packet;
    },
    counts,
  };
}

function* matching(rows: ReadonlyMap<string, RetainedRow>, filter: string): Iterable<AedesPublishPacket> {
  const one = rows.get(filter);
  if (one) yield one.packet;
  if (!filter.includes('+') && !filter.includes('#')) return;
  const matches = matchesTopic(filter);
  for (const { topic, packet } of rows.values()) if (matches(topic)) yield packet;
}

/** With what the row costs besides. */
function bytesOf({ topic, payload }: AedesPublishPacket): number {
  return topic.length + payload.length + 200;
}

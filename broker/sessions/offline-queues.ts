/** What sessions are owed: messages of QoS 1 and 2 until they are acknowledged, the oldest given up where there are too many. */
import type { AedesPublishPacket } from 'aedes';
import { createByAge } from './by-age.ts';
import { type Note, type OutgoingPacket, ownBytes, type QueuedRow } from './rows.ts';
import type { StoredMessage } from './session-file.ts';
import type { SessionLimits } from './session-limits.ts';

export interface QueueCounts {
  readonly messages: number;
  readonly bytes: number;
  /** Since the start, given up unacknowledged: too many, too old. */
  readonly dropped: number;
  readonly expired: number;
}

export interface OfflineQueues {
  restore(stored: Iterable<StoredMessage>): void;
  enqueue(clientIds: Iterable<string>, packet: AedesPublishPacket): void;
  /** A message gets the number by which it will be acknowledged; a PUBREL takes the place of its message. */
  update(clientId: string, packet: OutgoingPacket): void;
  /** The message with this number is acknowledged. */
  clear(clientId: string, messageId: number): OutgoingPacket | undefined;
  /** As it is now: later changes do not show in it. */
  list(clientId: string): readonly OutgoingPacket[];
  discard(clientId: string): void;
  expire(nowMs: number): void;
  counts(): QueueCounts;
}

interface Queue {
  /** By the counter of aedes, oldest first. */
  readonly rows: Map<number, QueuedRow>;
  readonly numbered: Map<number, QueuedRow>;
  bytes: number;
}

/** As the broker id of messages from before the start: their counters are negative, so that none is met twice. */
const BEFORE_THE_START = 'before';
const ROW_BYTES = 300;
/** Some room at once, since to make it means to look at all. */
const ROOM_SHARE = 15 / 16;

export function createOfflineQueues(limits: SessionLimits, note: Note, now: () => number): OfflineQueues {
  const queues = new Map<string, Queue>();
  const byAge = createByAge();
  let nextSeq = 1;
  let messages = 0;
  let bytes = 0;
  let dropped = 0;
  let expired = 0;

  function queueOf(clientId: string): Queue {
    const known = queues.get(clientId);
    if (known) return known;
    const queue = { rows: new Map(), numbered: new Map(), bytes: 0 };
    queues.set(clientId, queue);
    return queue;
  }

  function add(queue: Queue, row: QueuedRow): void {
    queue.rows.set(row.brokerCounter, row);
    byAge.add(row, messages);
    messages++;
    bytes += row.bytes;
    queue.bytes += row.bytes;
  }

  function remove(queue: Queue, row: QueuedRow): void {
    queue.rows.delete(row.brokerCounter);
    const messageId = row.packet?.messageId;
    if (messageId !== undefined && queue.numbered.get(messageId) === row) queue.numbered.delete(messageId);
    row.isGone = true;
    row.packet = null;
    messages--;
    bytes -= row.bytes;
    queue.bytes -= row.bytes;
    note(row);
  }

  function number(queue: Queue, row: QueuedRow, messageId: number | undefined): void {
    if (row.packet === null || messageId === undefined) return;
    row.packet.messageId = messageId;
    if (!queue.numbered.has(messageId)) queue.numbered.set(messageId, row);
  }

  function giveUp(isTooMuch: (oldest: QueuedRow) => boolean): number {
    return byAge.takeWhile(isTooMuch, (row) => remove(queueOf(row.clientId), row));
  }

  /** Whoever is owed most loses the oldest, so that a stranger's messages push out no device's. */
  function makeRoom(): void {
    const most = levelOf(
      Array.from(queues.values(), (queue) => queue.bytes),
      limits.queuedBytes * ROOM_SHARE,
    );
    for (const queue of queues.values()) {
      for (const row of queue.rows.values()) {
        if (queue.bytes <= most) break;
        remove(queue, row);
        dropped++;
      }
    }
  }

  function enqueueOne(clientId: string, packet: AedesPublishPacket, payload: Buffer): void {
    const queue = queueOf(clientId);
    const { topic, qos, retain, brokerId, brokerCounter } = packet;
    // A client whose filters overlap is named once for each.
    if (queue.rows.has(brokerCounter)) return;
    const copy = { cmd: 'publish', topic, payload, qos, retain, dup: false, brokerId, brokerCounter } as const;
    const row: QueuedRow = {
      table: 'queued',
      seq: nextSeq++,
      clientId,
      brokerCounter,
      atMs: now(),
      bytes: topic.length + payload.length + ROW_BYTES,
      packet: { ...copy, messageId: undefined },
      isSaved: false,
      isGone: false,
    };
    add(queue, row);
    note(row);
    if (queue.rows.size <= limits.queuedMessages) return;
    const [oldest] = queue.rows.values();
    if (oldest) remove(queue, oldest);
    dropped++;
  }

  return {
    restore(stored) {
      for (const each of stored) {
        const row = toRow(each);
        nextSeq = each.seq + 1;
        const queue = queueOf(row.clientId);
        add(queue, row);
        number(queue, row, each.message_id ?? undefined);
      }
    },
    enqueue(clientIds, packet) {
      const payload = ownBytes(packet.payload);
      for (const clientId of clientIds) enqueueOne(clientId, packet, payload);
      if (bytes > limits.queuedBytes) makeRoom();
    },
    update(clientId, packet) {
      const queue = queueOf(clientId);
      const { brokerId, brokerCounter = 0, messageId = -1 } = packet;
      const own = brokerId === undefined ? undefined : queue.rows.get(brokerCounter);
      if (own) number(queue, own, packet.messageId);
      const row = own ?? queue.numbered.get(messageId);
      // It may have been given up meanwhile: then it is sent all the same.
      if (!row) return;
      if (!own) row.packet = packet;
      // For QoS 1 another number does as well after a restart.
      if (row.packet?.cmd === 'pubrel' || row.packet?.qos === 2) note(row);
    },
    clear(clientId, messageId) {
      const queue = queues.get(clientId);
      // Two messages have one number where the numbers of an earlier connection come round again.
      const row =
        queue?.numbered.get(messageId) ?? queue?.rows.values().find((each) => each.packet?.messageId === messageId);
      if (!queue || !row) return undefined;
      const { packet } = row;
      remove(queue, row);
      return packet ?? undefined;
    },
    list: (clientId) =>
      Array.from(queues.get(clientId)?.rows.values() ?? [], ({ packet }) => packet).filter((p) => p !== null),
    discard(clientId) {
      const queue = queues.get(clientId);
      queues.delete(clientId);
      for (const row of queue?.rows.values() ?? []) remove(queue as Queue, row);
    },
    expire(nowMs) {
      expired += giveUp(({ atMs }) => atMs < nowMs - limits.queuedMs);
    },
    counts: () => ({ messages, bytes, dropped, expired }),
  };
}

/** So much at most for each, and all together have no more than `total`. */
function levelOf(sizes: readonly number[], total: number): number {
  let left = total;
  let count = sizes.length;
  for (const size of sizes.toSorted((a, b) => a - b)) {
    if (size * count >= left) break;
    left -= size;
    count--;
  }
  return left / Math.max(1, count);
}

function toRow({ seq, client, at_ms, message_id, released, topic, qos, payload }: StoredMessage): QueuedRow {
  const packet: OutgoingPacket =
    released === 1
      ? { cmd: 'pubrel', messageId: message_id ?? undefined }
      : {
          cmd: 'publish',
          topic,
          payload: Buffer.from(payload),
          qos,
          retain: false,
          dup: false,
          brokerId: BEFORE_THE_START,
          brokerCounter: -seq,
          messageId: undefined,
        };
  const bytes = topic.length + payload.length + ROW_BYTES;
  return {
    table: 'queued',
    seq,
    clientId: client,
    brokerCounter: -seq,
    atMs: at_ms,
    bytes,
    packet,
    isSaved: true,
    isGone: false,
  };
}

/**
 * Whether a server's system calls keep the promise of contract 2.5. A telemetry message may be acknowledged once a
 * commit is synced whose first write to the journal began after the message was read: what a commit holds is settled
 * before its first byte is written, so an earlier commit cannot hold the message.
 */
import { createPacketReader, PUBACK, PUBLISH } from './load/mqtt-packet.ts';
import { parseTraceLine, type TraceEvent } from './strace-line.ts';

export interface SyncCheckOptions {
  /** Whether a socket, as strace names it, is one of the broker's. */
  readonly isBroker: (target: string) => boolean;
  /** Whether a file is the write-ahead log or journal of the readings. */
  readonly isJournal: (target: string) => boolean;
}

/** An acknowledgement without a sync: where in the trace, and of what. */
interface EarlyAcknowledgement {
  readonly line: number;
  readonly socket: string;
  readonly messageId: number;
}

export interface SyncCheck {
  /** The next line of the trace. */
  feed(line: string): void;
  result(): {
    readonly acknowledged: number;
    readonly commits: number;
    readonly early: readonly EarlyAcknowledgement[];
  };
}

/** A call with the number of the line on which it began. */
interface Call extends TraceEvent {
  readonly beganAt: number;
  /** Of a sync: where the first write began that it covers; null where there was none. */
  readonly covers: number | null;
}

const WRITES = new Set(['write', 'writev', 'pwrite64', 'pwritev', 'sendto', 'sendmsg']);
const READS = new Set(['read', 'readv', 'recvfrom', 'recvmsg']);
const SYNCS = new Set(['fsync', 'fdatasync']);

export function createSyncCheck({ isBroker, isJournal }: SyncCheckOptions): SyncCheck {
  const commits = createCommitLog();
  const sockets = createSocketLog();
  /** By thread: the call that its last line left unfinished. */
  const running = new Map<string, Call>();
  const early: EarlyAcknowledgement[] = [];
  let acknowledged = 0;
  let line = 0;

  function begin(event: TraceEvent): Call {
    const { call, target, bytes } = event;
    if (WRITES.has(call) && isJournal(target)) commits.write(target, bytes.length, line);
    const covers = SYNCS.has(call) && isJournal(target) ? commits.beginSync(target) : null;
    return { ...event, beganAt: line, covers };
  }

  function end({ call, target, bytes, beganAt, covers }: Call, result: number): void {
    if (covers !== null) commits.endSync(target, covers, result === 0 ? line : null);
    if (!isBroker(target) || result <= 0) return;
    const moved = bytes.subarray(0, result);
    if (READS.has(call)) sockets.hear(target, moved, line);
    if (WRITES.has(call)) for (const answer of sockets.say(target, moved)) judge(target, answer, beganAt);
  }

  function judge(socket: string, { messageId, readAt }: Answer, leftAt: number): void {
    acknowledged++;
    if (!commits.isSynced(readAt, leftAt)) early.push({ line: leftAt, socket, messageId });
  }

  return {
    feed(text) {
      line++;
      const event = parseTraceLine(text);
      const begun = event?.isResumed ? running.get(event.thread) : event && begin(event);
      if (!event || !begun) return;
      if (event.result === null) {
        running.set(event.thread, begun);
        return;
      }
      running.delete(event.thread);
      // Of a call in two lines, what is written stands in the first and what is read in the second.
      end({ ...begun, bytes: begun.bytes.length > 0 ? begun.bytes : event.bytes }, event.result);
    },
    result: () => ({ acknowledged, commits: commits.count(), early }),
  };
}

/** A write-ahead log begins anew with a header and a sync of its own, which hold no reading. */
const WAL_HEADER_BYTES = 32;

/** Which writes to journals are synced, by the lines on which they began. */
function createCommitLog() {
  /** By file: where the first write began that no sync covers yet. */
  const unsynced = new Map<string, number>();
  const commits: { readonly firstWriteAt: number; readonly syncedAt: number }[] = [];
  return {
    count: () => commits.length,
    write(file: string, bytes: number, line: number): void {
      if (bytes !== WAL_HEADER_BYTES && !unsynced.has(file)) unsynced.set(file, line);
    },
    /** What is written from here on is of the next commit. */
    beginSync(file: string): number | null {
      const covers = unsynced.get(file) ?? null;
      unsynced.delete(file);
      return covers;
    },
    /** A sync that failed (null) has made nothing durable: what it covered waits on. */
    endSync(file: string, covers: number, syncedAt: number | null): void {
      if (syncedAt === null) unsynced.set(file, covers);
      else commits.push({ firstWriteAt: covers, syncedAt });
    },
    isSynced(readAt: number, leftAt: number): boolean {
      const last = commits.findLast(({ syncedAt }) => syncedAt < leftAt);
      return last !== undefined && last.firstWriteAt > readAt;
    },
  };
}

const TELEMETRY = /^aimak\/v1\/.*\/telemetry$/;

/** An acknowledgement that leaves, and where its message was read. */
interface Answer {
  readonly messageId: number;
  readonly readAt: number;
}

/** What comes in and goes out on the broker's sockets: telemetry of QoS 1 and its acknowledgements. */
function createSocketLog() {
  const streams = new Map<string, ReturnType<typeof open>>();

  function open() {
    const readAt = new Map<number, number>();
    const heard: number[] = [];
    const said: Answer[] = [];
    const hear = createPacketReader((firstByte, bytes, start) => {
      const messageId = telemetryId(firstByte, bytes, start);
      if (messageId !== null) heard.push(messageId);
    });
    const say = createPacketReader((firstByte, bytes, start) => {
      const messageId = uint16(bytes, start);
      const at = firstByte >> 4 === PUBACK ? readAt.get(messageId) : undefined;
      if (at === undefined) return;
      readAt.delete(messageId);
      said.push({ messageId, readAt: at });
    });
    return { readAt, heard, said, hear, say };
  }

  function streamOf(socket: string) {
    const stream = streams.get(socket) ?? open();
    streams.set(socket, stream);
    return stream;
  }

  return {
    hear(socket: string, bytes: Uint8Array, line: number): void {
      const { hear, heard, readAt } = streamOf(socket);
      hear(bytes);
      for (const messageId of heard.splice(0)) readAt.set(messageId, line);
    },
    say(socket: string, bytes: Uint8Array): Answer[] {
      const { say, said } = streamOf(socket);
      say(bytes);
      return said.splice(0);
    },
  };
}

/** Null for all but telemetry of QoS 1. */
function telemetryId(firstByte: number, bytes: Uint8Array, start: number): number | null {
  const qos = (firstByte >> 1) & 3;
  if (firstByte >> 4 !== PUBLISH || qos !== 1) return null;
  const topicEnd = start + 2 + uint16(bytes, start);
  const topic = Buffer.from(bytes.subarray(start + 2, topicEnd)).toString();
  return TELEMETRY.test(topic) ? uint16(bytes, topicEnd) : null;
}

function uint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

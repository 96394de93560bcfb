/**
 * Messages that devices numbered and that never came (contract 2.2): what a broker or a device lost is seen in no other way.
 * Late, repeated and reordered ones are no gaps, nor is a device that starts again from 0, nor a number far off.
 */
import type { DeviceId } from '../model/ids.ts';
import type { TelemetryFrame } from '../model/telemetry.ts';
import { CLOCK_UNSET_BEFORE_MS } from './accept.ts';

export interface SeqGaps {
  /** `latestTs`: what lies after it is no time, and says nothing of the order. */
  heard(device: DeviceId, frames: readonly TelemetryFrame[], latestTs: number): void;
  /** Numbers missing so far, of all devices. */
  total(): number;
}

/** From the first missing number to the last. */
interface Range {
  first: number;
  last: number;
}

/** A device's numbering since its last start, as far as we heard it. */
interface Session {
  next: number;
  /** Of the newest frame; a frame without a time is taken as newer than what came before it. */
  lastTs: number;
  /** What may still come late, the oldest first. */
  missing: Range[];
  /** Behind the last number that lay too far off; null: the last one was none. */
  wildNext: number | null;
}

/** More holes than this in one device's numbers, and the oldest are given up: they stay counted. */
const MAX_RANGES = 16;
/** More than a day of one a second: nobody knows then whether anything was lost, so it is not counted. */
const MAX_GAP = 100_000;

export function createSeqGaps(): SeqGaps {
  /** Bounded by the plant: only its devices are heard. */
  const sessions = new Map<DeviceId, Session>();
  let missing = 0;

  function hear(device: DeviceId, seq: number, ts: number | null): void {
    const session = sessions.get(device);
    if (session) goOn(session, seq, ts);
    else sessions.set(device, { next: seq + 1, lastTs: ts ?? Number.NEGATIVE_INFINITY, missing: [], wildNext: null });
  }

  function goOn(session: Session, seq: number, ts: number | null): void {
    if (seq === session.next) advance(session, seq, ts);
    else if (isLate(session, seq, ts)) fill(session, seq);
    else if (seq - firstMissing(session, seq) > MAX_GAP) strayed(session, seq, ts);
    else {
      if (seq < session.next) restart(session);
      if (seq > session.next) miss(session, { first: session.next, last: seq - 1 });
      advance(session, seq, ts);
    }
  }

  function miss(session: Session, range: Range): void {
    session.missing.push(range);
    if (session.missing.length > MAX_RANGES) session.missing.shift();
    missing += range.last - range.first + 1;
  }

  function fill({ missing: ranges }: Session, seq: number): void {
    const at = ranges.findIndex(({ first, last }) => first <= seq && seq <= last);
    const range = ranges[at];
    if (!range) return;
    missing--;
    const parts = [
      { first: range.first, last: seq - 1 },
      { first: seq + 1, last: range.last },
    ];
    ranges.splice(at, 1, ...parts.filter(({ first, last }) => first <= last));
  }

  return {
    heard(device, frames, latestTs) {
      for (const { seq, ts } of frames) {
        // A clock that was never set, or set wrongly, says nothing of the order.
        const isTime = typeof ts === 'number' && ts >= CLOCK_UNSET_BEFORE_MS && ts <= latestTs;
        if (isCount(seq)) hear(device, seq, isTime ? ts : null);
      }
    },
    total: () => missing,
  };
}

/** A lower number in a newer frame: the device has started again, from 0. */
function firstMissing({ next }: Session, seq: number): number {
  return seq < next ? 0 : next;
}

/** One such number says nothing, a second one behind it that the device numbers from there now. */
function strayed(session: Session, seq: number, ts: number | null): void {
  if (seq === session.wildNext) {
    restart(session);
    advance(session, seq, ts);
  } else session.wildNext = seq + 1;
}

function advance(session: Session, seq: number, ts: number | null): void {
  session.wildNext = null;
  session.next = seq + 1;
  session.lastTs = ts ?? session.lastTs;
}

function restart(session: Session): void {
  session.next = 0;
  session.missing = [];
}

/** Sent before what was heard last. Without a time only a lower number tells, unless it is the 0 of a new start. */
function isLate({ next, lastTs }: Session, seq: number, ts: number | null): boolean {
  return ts === null ? seq < next && seq !== 0 : ts <= lastTs;
}

function isCount(seq: unknown): seq is number {
  return typeof seq === 'number' && Number.isSafeInteger(seq) && seq >= 0;
}

/**
 * Modbus RTU, on a serial line or through a converter (ADR 0018). An answer there says neither what it answers nor, on a
 * stream, where it begins: so it is known by unit, function, length and checksum, and where it may be that to an earlier
 * request, the same is asked again. A converter that keeps answers and gives them once more is known by what comes too
 * much: what cannot be told apart then is not taken.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { toRtuFrame } from '../../model/modbus-frame.ts';
import { createAlike } from './alike.ts';
import { isAnswerTo, isRefusal } from './answer.ts';
import { type Exchange, type ExchangeParts, joined, NOTHING } from './exchange.ts';
import { failed, type ReadRequest, type ReadResult } from './modbus-bus.ts';
import { requestPdu, toResult } from './modbus-words.ts';
import { answerBegin, answerBytes, blame, type FoundFrame, findFrame } from './rtu-frames.ts';
import { createUnanswered } from './unanswered.ts';
import { startWaiting, type Waiting } from './waiting.ts';

export interface RtuOptions {
  readonly baud: number;
  /** Through a converter: what was lost with its connection does not come any more. */
  readonly isStream: boolean;
}

/** Start, eight data, parity or a second stop, stop. */
const BITS_A_BYTE = 11;
/** Silence between frames: 3.5 characters, above 19,200 baud a fixed time (Modbus over Serial Line V1.02, 2.5.1.1). */
const [GAP_CHARACTERS, LEAST_GAP_MS] = [3.5, 1.75];
/** A line that never falls silent is asked all the same: its noise is then found in the answers. */
const LONGEST_QUIET_MS = 500;
/** As many bytes as the answer has, and no answer among them: what is missing follows at once, or never. */
const [SETTLE_MS, STREAM_SETTLE_MS] = [60, 500];
/** Whether more comes behind an answer: what a converter gives in one piece, and where it was seen to give too much. */
const [HOLD_MS, SUSPECT_HOLD_MS] = [50, 200];
const SUSPECT_MS = 600_000;
/** The silence that tells that a converter has given all it had. */
const EMPTY_MS = 250;
/** Several times the longest frame. */
const MOST_BYTES = 1024;

export function createRtuExchange(parts: ExchangeParts, { baud, isStream }: RtuOptions): Exchange {
  const { line, counters, late } = parts;
  const byteMs = (1000 * BITS_A_BYTE) / baud;
  const unanswered = createUnanswered({ keepsLast: isStream });
  const alike = createAlike();
  let heard: Uint8Array = NOTHING;
  let heardAtMs = Number.NEGATIVE_INFINITY;
  let waiting: Waiting | null = null;
  /** Frames since the last request that may answer it, or an older one. */
  let doubtful = 0;
  /** The last frame that may answer it, and nothing older. */
  let offered: Uint8Array | null = null;
  /** Another one came besides, which nothing was asked for. */
  let isTooMuch = false;
  /** When something came too much; and whether that was since the last request. */
  let surplusAtMs = Number.NEGATIVE_INFINITY;
  let isToBeEmptied = false;

  /** Again and again, until what answers can have been said to nothing older. */
  async function ask(request: ReadRequest): Promise<ReadResult> {
    // The same registers asked earlier are another question: what they held then is not wanted.
    const own = { ...request };
    for (;;) {
      const result = await transact(own);
      const isOver = result.ok || result.failure === 'exception' || result.failure === 'closed' || isTooMuch;
      if (isOver || doubtful === 0) return result;
    }
  }

  async function transact(request: ReadRequest): Promise<ReadResult> {
    const emptyMs = isStream && isToBeEmptied ? EMPTY_MS : 0;
    await untilQuiet(Math.max(GAP_CHARACTERS * byteMs, LEAST_GAP_MS, request.frameGapMs, emptyMs));
    if (!line.isOpen()) return failed('closed');
    const frame = toRtuFrame(request.unit, requestPdu(request));
    const ms = (frame.length + answerBytes(request)) * byteMs + request.timeoutMs;
    heard = NOTHING;
    doubtful = 0;
    offered = null;
    isTooMuch = false;
    isToBeEmptied = false;
    alike.asked(request);
    unanswered.asked(request, performance.now(), ms);
    waiting = startWaiting(request, ms, () => outcome(request));
    line.write(frame);
    const result = await waiting.done;
    waiting = null;
    return result;
  }

  async function untilQuiet(gapMs: number): Promise<void> {
    const beganMs = performance.now();
    for (;;) {
      const nowMs = performance.now();
      const quietMs = nowMs - heardAtMs;
      if (quietMs >= gapMs || nowMs - beganMs > LONGEST_QUIET_MS) return;
      await delay(Math.ceil(gapMs - quietMs));
    }
  }

  function judge(frame: FoundFrame): void {
    const request = waiting?.request;
    const isOfAsked = frame.unit === request?.unit;
    if (isOfAsked && isEcho(frame, request)) return;
    const answered = unanswered.take(frame, performance.now());
    if (answered && answered === request) offer(frame);
    else if (answered && isOfAsked && isAnswerTo(frame.pdu, request)) doubt(request);
    else if (answered) late(frame.unit);
    else if (alike.knows(frame.unit)) surplus(frame);
    else if (request) counters(request.unit).wrongUnit++;
  }

  function offer({ unit, pdu }: FoundFrame): void {
    offered = pdu;
    // So what came before it was said to older requests.
    for (; doubtful > 0; doubtful--) late(unit);
  }

  /** Nothing is open that it could answer: it is said once more, or kept from earlier. */
  function surplus({ unit, pdu }: FoundFrame): void {
    surplusAtMs = performance.now();
    isToBeEmptied = true;
    parts.unasked(unit);
    if (waiting?.request.unit !== unit || !isAnswerTo(pdu, waiting.request)) return;
    isTooMuch ||= offered !== null && Buffer.compare(pdu, offered) !== 0;
    // Of the same registers, what was said last is the newest.
    offered = pdu;
  }

  /** Once nothing more is expected to come. */
  function outcome(request: ReadRequest): ReadResult {
    if (!offered || (isTooMuch && isTwinned(offered, request))) return failed(blame(heard, request));
    return toResult(offered, request) ?? failed(blame(heard, request));
  }

  /** A refusal names no registers, so it looks like that of any other read. */
  function isTwinned(pdu: Uint8Array, request: ReadRequest): boolean {
    return isRefusal(pdu, request) || alike.hasTwin(request);
  }

  /** All that came at once has been looked at. */
  function settleOffered(): void {
    if (!waiting || !offered) return;
    const { request } = waiting;
    const isSuspect = performance.now() - surplusAtMs < SUSPECT_MS;
    const isDoubted = isStream && (isSuspect || isTwinned(offered, request));
    if (!isDoubted) waiting.settle(outcome(request));
    else waiting.hasten(answerBytes(request) * byteMs + (isSuspect ? SUSPECT_HOLD_MS : HOLD_MS));
  }

  /** It may be the answer to an older request. If so, that to this one is on its way. */
  function doubt(request: ReadRequest): void {
    doubtful++;
    waiting?.hasten(answerBytes(request) * byteMs + SETTLE_MS);
  }

  /** Takes whole frames out of what was heard. */
  function sift(): void {
    for (;;) {
      const frame = findFrame(heard);
      if (!frame || (waiting && frame.start > answerBegin(heard, waiting.request))) return;
      heard = heard.subarray(frame.end);
      judge(frame);
    }
  }

  return {
    ask,
    heard(bytes) {
      heardAtMs = performance.now();
      heard = joined(heard, bytes).subarray(-MOST_BYTES);
      sift();
      settleOffered();
      if (waiting && !offered && heard.length >= answerBytes(waiting.request))
        waiting.hasten(isStream ? STREAM_SETTLE_MS : SETTLE_MS);
    },
    lineChanged() {
      heard = NOTHING;
      if (isStream) unanswered.clear();
      waiting?.settle(failed('closed'));
    },
  };
}

/** Some converters send back what they were given. */
function isEcho({ pdu }: FoundFrame, request: ReadRequest): boolean {
  return Buffer.compare(pdu, requestPdu(request)) === 0;
}

/**
 * Modbus RTU, on a serial line or through a converter (ADR 0018). An answer there says neither what it answers nor, on a
 * stream, where it begins: so it is known by unit, function, length and checksum, and where an earlier answer may still come
 * that looks the same, something else is asked first.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { toRtuFrame } from '../../model/modbus-frame.ts';
import { isRefusal } from './answer.ts';
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
/** Several times the longest frame. */
const MOST_BYTES = 1024;

export function createRtuExchange({ line, counters }: ExchangeParts, { baud, isStream }: RtuOptions): Exchange {
  const byteMs = (1000 * BITS_A_BYTE) / baud;
  const unanswered = createUnanswered();
  let heard: Uint8Array = NOTHING;
  let heardAtMs = Number.NEGATIVE_INFINITY;
  let waiting: Waiting | null = null;

  async function ask(request: ReadRequest): Promise<ReadResult> {
    if (!unanswered.isAmbiguous(request.unit, request, performance.now())) return await transact(request);
    const other = unanswered.distinct(request.unit, request, performance.now());
    if (!other && isStream) line.reset('an answer could not be told from an earlier one');
    if (!other) return failed('timeout');
    const first = await transact({ ...request, ...other });
    return first.ok ? await transact(request) : first;
  }

  async function transact(request: ReadRequest): Promise<ReadResult> {
    await untilQuiet(Math.max(GAP_CHARACTERS * byteMs, LEAST_GAP_MS, request.frameGapMs));
    if (!line.isOpen()) return failed('closed');
    const frame = toRtuFrame(request.unit, requestPdu(request));
    const ms = (frame.length + answerBytes(request)) * byteMs + request.timeoutMs;
    heard = NOTHING;
    waiting = startWaiting(request, ms, () => failed(blame(heard, request)));
    line.write(frame);
    const result = await waiting.done;
    waiting = null;
    note(request, result);
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

  function note(request: ReadRequest, result: ReadResult): void {
    if (result.ok || result.failure === 'exception') unanswered.settled(request.unit);
    else if (result.failure !== 'closed') unanswered.given(request.unit, request, performance.now());
  }

  function judge(frame: FoundFrame): void {
    const request = waiting?.request;
    if (request?.unit !== frame.unit) {
      blameStray(frame.unit, request);
      return;
    }
    const result = isMistakable(frame, request) ? null : toResult(frame.pdu, request);
    if (result) waiting?.settle(result);
    else if (!isEcho(frame, request)) counters(frame.unit).late++;
  }

  /** Of a unit that was not asked, or of nobody who is known. */
  function blameStray(unit: number, request: ReadRequest | undefined): void {
    if (unanswered.isAny(unit, performance.now())) counters(unit).late++;
    else if (request) counters(request.unit).wrongUnit++;
  }

  function isMistakable({ pdu }: FoundFrame, request: ReadRequest): boolean {
    return isRefusal(pdu, request) && unanswered.isRefusalAmbiguous(request.unit, request, performance.now());
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
      if (waiting && heard.length >= answerBytes(waiting.request))
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

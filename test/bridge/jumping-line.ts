/** One bus in a time of its own, which jumps from each deed to the next: hours of polling in a moment. */
import { setImmediate } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { failed, noCounters, type ReadRequest, type ReadResult } from '../../firmware-bridge/bus/modbus-bus.ts';
import type { BridgeClock } from '../../firmware-bridge/clock.ts';
import { type BusHealth, startBusLoop } from '../../firmware-bridge/poll/bus-loop.ts';
import type { Values } from '../../firmware-bridge/poll/device-poller.ts';
import type { BridgeBus } from '../../model/bridge-file.ts';
import { silentLog } from '../harness/readings.ts';

export interface Told {
  readonly atMs: number;
  readonly device: string;
  readonly values: Values;
}

export interface JumpingLine {
  readonly asked: (ReadRequest & { readonly atMs: number })[];
  readonly told: Told[];
  nowMs(): number;
  runFor(ms: number): Promise<void>;
  health(): BusHealth;
}

export interface JumpingLineOptions {
  readonly bus: BridgeBus;
  /** After how many milliseconds a unit answers, and what. */
  readonly answer: (request: ReadRequest) => ReadResult;
  readonly answersAfterMs?: (request: ReadRequest) => number;
}

/** Time jumps to the end of whatever is slept for, up to the end of the run. One thing at a time sleeps. */
function createJumpingClock() {
  let upMs = 0;
  let endMs = 0;
  let goOn = Promise.withResolvers<void>();
  let halted = Promise.withResolvers<void>();

  async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const dueMs = upMs + ms;
    while (dueMs > endMs && !signal?.aborted) {
      halted.resolve();
      const aborted = new Promise<void>((resolve) =>
        signal?.addEventListener('abort', () => resolve(), { once: true }),
      );
      await Promise.race([goOn.promise, aborted]);
    }
    if (!signal?.aborted) upMs = Math.max(upMs, dueMs);
    await setImmediate();
  }

  const clock: BridgeClock = {
    now: () => upMs,
    upMs: () => upMs,
    bootId: '',
    isSet: () => true,
    source: () => 'ntp',
    sleep,
  };
  return {
    ...clock,
    async runFor(ms: number) {
      endMs += ms;
      halted = Promise.withResolvers();
      const waiting = goOn;
      goOn = Promise.withResolvers();
      waiting.resolve();
      await halted.promise;
      upMs = Math.max(upMs, endMs);
    },
    letGo: () => {
      endMs = Number.POSITIVE_INFINITY;
      goOn.resolve();
    },
  };
}

export function startJumpingLine({ bus, answer, answersAfterMs = () => 20 }: JumpingLineOptions): JumpingLine {
  const clock = createJumpingClock();
  const asked: JumpingLine['asked'] = [];
  const told: Told[] = [];
  let isStopped = false;
  let onLate: (unit: number) => void = () => undefined;

  async function read(request: ReadRequest): Promise<ReadResult> {
    if (isStopped) return failed('closed');
    asked.push({ ...request, atMs: clock.upMs() });
    const takesMs = answersAfterMs(request);
    const isInTime = takesMs <= request.timeoutMs;
    await clock.sleep(isInTime ? takesMs : request.timeoutMs, NEVER);
    if (isInTime) return answer(request);
    if (Number.isFinite(takesMs)) queueMicrotask(() => onLate(request.unit));
    return failed('timeout');
  }

  const loop = startBusLoop(bus, {
    modbus: {
      read,
      state: () => ({ isOpen: true, reason: null, opened: 1 }),
      counters: () => noCounters(),
      onChange: () => undefined,
      onLate: (listener) => {
        onLate = listener;
      },
      stop: async () => undefined,
    },
    clock,
    log: silentLog,
    record: async (device, values) => void told.push({ atMs: clock.upMs(), device, values }),
    onChange: () => undefined,
  });
  onTestFinished(async () => {
    isStopped = true;
    const stopping = loop.stop();
    clock.letGo();
    await stopping;
  });
  return { asked, told, nowMs: clock.upMs, runFor: clock.runFor, health: loop.health };
}

const NEVER = new AbortController().signal;

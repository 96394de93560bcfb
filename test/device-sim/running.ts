/** The simulator running on a clock and a link of the test's own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach } from 'vitest';
import type { Clock } from '../../device-sim/clock.ts';
import { type Sim, type SimOptions, startSim } from '../../device-sim/sim.ts';
import type { Log } from '../../model/log.ts';
import { decodeTelemetry } from '../../model/telemetry.ts';
import { parseDeviceTopic } from '../../model/topic.ts';
import { network, plant } from './village.ts';

/** A folder for each test, and all that runs in it is stopped at its end. */
export function simulators() {
  let folder = '';
  let running: Sim[] = [];
  const statePath = (): string => join(folder, 'sim.json');
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'aimak-sim-'));
    running = [];
  });
  afterEach(async () => {
    await Promise.all(running.map((sim) => sim.stop()));
    await rm(folder, { recursive: true });
  });
  return {
    folder: () => folder,
    statePath,
    async start(link: FakeLink, clock: FakeClock, options: Partial<SimOptions & { log: Log }> = {}): Promise<Sim> {
      const { log = logTo(link), ...others } = options;
      const all = { plant, network, seed: 1, backfillDays: 1.5, statePath: statePath(), ...others };
      const sim = await startSim(all, { publish: link.publish, clock, log });
      running.push(sim);
      return sim;
    },
  };
}

function logTo(link: FakeLink): Log {
  return { info() {}, warn: (_: object, text: string) => link.warnings.push(text), error: rethrow };
}

function rethrow(fields: object, message: string): never {
  throw new Error(`${message} ${'err' in fields ? fields.err : ''}`);
}

export interface FakeLink {
  /** Every frame, as `device json`. */
  readonly lines: string[];
  readonly warnings: string[];
  mostInFlight: number;
  failNext: number;
  publish(topic: string, payload: Uint8Array): Promise<void>;
}

export function fakeLink(): FakeLink {
  let inFlight = 0;
  const link: FakeLink = {
    lines: [],
    warnings: [],
    mostInFlight: 0,
    failNext: 0,
    async publish(topic, payload) {
      inFlight += 1;
      link.mostInFlight = Math.max(link.mostInFlight, inFlight);
      await nextTurn();
      inFlight -= 1;
      if (link.failNext-- > 0) throw new Error('the link has stopped');
      const message = decodeTelemetry(payload);
      if (!message.ok) throw new Error(message.detail);
      const device = parseDeviceTopic(topic)?.device;
      for (const { ts, values } of message.frames) link.lines.push(`${device} ${JSON.stringify({ ts, values })}`);
    },
  };
  return link;
}

export interface FakeClock extends Clock {
  advance(ms: number): Promise<void>;
  sleepers(): number;
}

export function fakeClock(startMs: number): FakeClock {
  let nowMs = startMs;
  const sleeping = new Set<{ untilMs: number; wake: () => void }>();
  return {
    now: () => nowMs,
    sleep(ms, signal) {
      const { promise, resolve } = Promise.withResolvers<void>();
      if (signal.aborted) return Promise.resolve();
      const sleeper = { untilMs: nowMs + ms, wake: resolve };
      sleeping.add(sleeper);
      signal.addEventListener('abort', () => resolve(), { once: true });
      return promise.finally(() => sleeping.delete(sleeper));
    },
    sleepers: () => sleeping.size,
    async advance(ms) {
      nowMs += ms;
      const due = [...sleeping].filter(({ untilMs }) => untilMs <= nowMs);
      for (const { wake } of due) wake();
      await until(() => due.every((sleeper) => !sleeping.has(sleeper)));
    },
  };
}

/** Lets a second pass and the simulator do what falls on it. */
export async function passSecond(clock: FakeClock): Promise<void> {
  await clock.advance(1000);
  await until(() => clock.sleepers() > 0);
}

/** Turns of the event loop, however long the disk takes; the test's own timeout ends it. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await nextTurn();
}

/** Frames of one device and time that say different things. */
export function contradictions(lines: readonly string[]): string[] {
  const first = new Map<string, string>();
  return lines.filter((line) => {
    const key = `${line.slice(0, line.indexOf(' '))} ${tsOf(line)}`;
    const known = first.get(key) ?? line;
    first.set(key, known);
    return known !== line;
  });
}

export function tsOf(line: string): number {
  return Number(/"ts":(\d+)/.exec(line)?.[1]);
}

/** A bridge in a world of its own: a clock that is advanced by hand, units in memory, a real outbox, and a link as wanted. */
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { type Bridge, startBridge } from '../../firmware-bridge/bridge.ts';
import {
  failed,
  type ModbusBus,
  noCounters,
  type ReadRequest,
  type ReadResult,
} from '../../firmware-bridge/bus/modbus-bus.ts';
import type { BridgeClock } from '../../firmware-bridge/clock.ts';
import type { MqttLink } from '../../link/mqtt-link.ts';
import { type Outbox, openOutbox } from '../../link/outbox.ts';
import { type BridgeFile, parseBridgeFile } from '../../model/bridge-file.ts';
import { parseProfile } from '../../model/profile.ts';
import { silentLog } from '../harness/readings.ts';
import { temporaryFolder } from '../harness/server.ts';

interface Sleeper {
  readonly atMs: number;
  readonly wake: () => void;
}

export interface HandClock extends BridgeClock {
  /** Lets so much time pass, and what is to be done in it be done. */
  advance(ms: number): Promise<void>;
  /** It may be set, or not be set yet. */
  set(nowMs: number | null): void;
  reboot(): void;
}

/** At rest so many parts of a bridge sleep: its buses, its status, and the care for old readings. */
const sleepersOf = (buses: number): number => buses + 2;

export function createHandClock(nowMs: number, buses = 1): HandClock {
  const sleepers = new Set<Sleeper>();
  let upMs = 1_000_000;
  let offsetMs = nowMs - upMs;
  let isSet = true;
  let bootId = 'first';

  /** Until everybody sleeps: what works meanwhile does so in real time. */
  async function untilRest(): Promise<void> {
    const deadline = Date.now() + 20_000;
    for (let quiet = 0; quiet < 3; quiet = sleepers.size >= sleepersOf(buses) ? quiet + 1 : 0) {
      await setImmediate();
      if (Date.now() > deadline) throw new Error(`${sleepers.size} sleep, and not ${sleepersOf(buses)}`);
    }
  }

  return {
    now: () => upMs + offsetMs,
    upMs: () => upMs,
    get bootId() {
      return bootId;
    },
    isSet: () => isSet,
    source: () => (isSet ? 'ntp' : null),
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        const wake = (): void => {
          sleepers.delete(sleeper);
          resolve();
        };
        const sleeper = { atMs: upMs + ms, wake };
        if (signal.aborted) return resolve();
        sleepers.add(sleeper);
        signal.addEventListener('abort', wake, { once: true });
      }),
    async advance(ms) {
      const untilMs = upMs + ms;
      for (;;) {
        await untilRest();
        const [first] = [...sleepers].sort((a, b) => a.atMs - b.atMs);
        if (!first || first.atMs > untilMs) break;
        upMs = Math.max(upMs, first.atMs);
        first.wake();
      }
      upMs = untilMs;
    },
    set(ms) {
      isSet = ms !== null;
      offsetMs = (ms ?? 0) - upMs;
    },
    reboot() {
      bootId = 'second';
      upMs = 5_000;
    },
  };
}

export interface MemoryBus extends ModbusBus {
  readonly asked: ReadRequest[];
  open(): void;
  close(): void;
}

export function createMemoryBus(answer: (request: ReadRequest) => ReadResult): MemoryBus {
  const listeners: (() => void)[] = [];
  const asked: ReadRequest[] = [];
  let isOpen = true;
  const change = (to: boolean) => (): void => {
    isOpen = to;
    for (const listener of listeners) listener();
  };
  return {
    asked,
    async read(request) {
      if (!isOpen) return failed('closed');
      asked.push(request);
      return answer(request);
    },
    state: () => ({ isOpen, reason: isOpen ? null : 'not there', opened: 1 }),
    counters: () => noCounters(),
    onChange: (listener) => void listeners.push(listener),
    onLate: () => undefined,
    stop: async () => undefined,
    open: change(true),
    close: change(false),
  };
}

/** One profile, and the devices on one bus, each a unit of its own. */
export function bridgeFile(modbus: object, { everyS = 60, devices = ['meter-1'], metrics = {} } = {}): BridgeFile {
  const fields = (modbus as { fields: object }).fields;
  const declared = { ...Object.fromEntries(Object.keys(fields).map((metric) => [metric, {}])), ...metrics };
  const profile = parseProfile({
    ...{ id: 'meter', kind: 'flow_meter', everyS, metrics: declared },
    modbus: { verified: true, source: 'test', ...modbus },
  });
  if (!profile.ok) throw new Error(JSON.stringify(profile.faults));
  const units = devices.map((device, i) => ({ unit: i + 1, device, profile: 'meter' }));
  const bus = { id: 'b1', tcp: { host: '127.0.0.1', port: 1 }, units };
  const parsed = parseBridgeFile({ site: 'toru', gateway: 'gw-1', buses: [bus] }, new Map([['meter', profile.value]]));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return parsed.value;
}

/** A 32-bit total and a flow, in four registers. */
export const TOTAL_AND_FLOW = {
  fields: {
    volume_total: { table: 'holding', address: 0, type: 'uint32', order: 'ABCD' },
    flow_rate: { table: 'holding', address: 2, type: 'float32', order: 'ABCD' },
  },
};

export interface Sent {
  readonly topic: string;
  readonly body: unknown;
  readonly retain: boolean;
}

/** A link in memory: it acknowledges while it is up. */
export function createMemoryLink() {
  const sent: Sent[] = [];
  const held: (() => void)[] = [];
  const onConnect: (() => void)[] = [];
  let isUp = true;
  const link: Pick<MqttLink, 'publish' | 'publishNow' | 'onConnect'> = {
    publish: (topic, payload, { retain = false } = {}) =>
      new Promise((resolve) => {
        const deliver = (): void => {
          sent.push({ topic, body: JSON.parse(Buffer.from(payload).toString()), retain });
          resolve();
        };
        if (isUp) deliver();
        else held.push(deliver);
      }),
    publishNow: async (topic, payload) => {
      if (!isUp) throw new Error('away');
      await link.publish(topic, payload);
    },
    onConnect: (listener) => void onConnect.push(listener),
  };
  return {
    ...link,
    sent,
    down: () => {
      isUp = false;
    },
    up: () => {
      isUp = true;
      for (const deliver of held.splice(0)) deliver();
      for (const listener of onConnect) listener();
    },
  };
}

export interface WorldOptions {
  readonly file: BridgeFile;
  readonly clock: HandClock;
  readonly bus: MemoryBus;
  readonly link: Pick<MqttLink, 'publish' | 'publishNow' | 'onConnect'>;
  readonly dataDir?: string;
  readonly maxBytes?: number;
  readonly maxAgeMs?: number;
}

export interface World extends Bridge {
  readonly outbox: Outbox;
  readonly dataDir: string;
}

export async function startWorld(options: WorldOptions): Promise<World> {
  const { file, clock, bus, link, dataDir = temporaryFolder(), maxBytes = 1e8, maxAgeMs = 1e12 } = options;
  const outbox = await openOutbox({ file: join(dataDir, 'bridge.db'), maxBytes, whenFull: 'drop-oldest' });
  const run = { version: 'test', startedAtMs: clock.now(), starts: 1, crashes: 0 };
  const bridge = startBridge({ file, run, maxAgeMs }, { outbox, link, clock, log: silentLog, openBus: () => bus });
  let stopping: Promise<void> | null = null;
  const stop = (): Promise<void> => {
    stopping ??= bridge.stop().then(() => outbox.stop());
    return stopping;
  };
  onTestFinished(stop);
  return { ...bridge, outbox, dataDir, stop };
}

/** The frames of a device, of whatever messages, in the order they were sent. */
export function framesOf(sent: readonly Sent[], device: string) {
  return sent
    .filter(({ topic }) => topic === `aimak/v1/toru/${device}/telemetry`)
    .flatMap(({ body }) => body as { ts?: number; seq: number; values: Record<string, number | null> }[]);
}

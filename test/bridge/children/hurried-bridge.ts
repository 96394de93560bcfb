/**
 * A bridge in a process of its own, for tests that kill it: outbox and link are real, its bus is in memory, and its clock is
 * in a hurry. It tells on standard output what it has read, and what is on the disk.
 */
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startBridge } from '../../../firmware-bridge/bridge.ts';
import { noCounters } from '../../../firmware-bridge/bus/modbus-bus.ts';
import { decodeEntry } from '../../../firmware-bridge/send/entry.ts';
import { startMqttLink } from '../../../link/mqtt-link.ts';
import { openOutbox } from '../../../link/outbox.ts';
import { parseBridgeFile } from '../../../model/bridge-file.ts';
import { encodeWords } from '../../../model/modbus-codec.ts';
import { type Profile, parseProfile } from '../../../model/profile.ts';

export interface HurriedOptions {
  readonly bridge: unknown;
  readonly profile: unknown;
  readonly mqttUrl: string;
  readonly dataDir: string;
  /** Of its clock and of the real one, at one moment. */
  readonly beginMs: number;
  readonly realBeginMs: number;
  /** So much faster is its clock. */
  readonly speed: number;
  /** What it reads first; then it counts. */
  readonly firstValue: number;
}

/** What it tells, a line each. */
export interface Told {
  readonly what: 'read' | 'saved';
  readonly device: string;
  readonly ts: number;
  readonly value: number;
}

const options: HurriedOptions = JSON.parse(process.argv[2] ?? '');
const { bridge, mqttUrl, dataDir, beginMs, realBeginMs, speed } = options;
const quiet = () => undefined;
const log = { info: quiet, warn: quiet, error: quiet };

function sound<T>(parsed: { ok: true; value: T } | { ok: false; faults: unknown }): T {
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return parsed.value;
}

function tell(what: Told['what'], data: Uint8Array): void {
  const { device, time, values } = decodeEntry(data);
  // At once and by itself: what has been told is told, also when the process ends here.
  writeSync(1, `${JSON.stringify({ what, device, ts: time, value: values.volume_total })}\n`);
}

const profile: Profile = sound(parseProfile(options.profile));
const file = sound(parseBridgeFile(bridge, new Map([[profile.id, profile]])));
const outbox = await openOutbox({ file: join(dataDir, 'bridge.db'), maxBytes: 1e8, whenFull: 'drop-oldest' });
const now = () => Math.round(beginMs + (Date.now() - realBeginMs) * speed);
const clock = {
  ...{ now, upMs: now, bootId: 'boot', isSet: () => true, source: () => null },
  sleep: (ms: number, signal: AbortSignal) => delay(ms / speed, undefined, { signal }).catch(quiet),
};
let nextValue = options.firstValue;
const openBus = () => ({
  read: async () =>
    ({ ok: true, cells: encodeWords(nextValue++, { type: 'uint32', order: 'ABCD', mask: null }) }) as const,
  state: () => ({ isOpen: true, reason: null, opened: 1 }),
  counters: noCounters,
  onChange: quiet,
  onLate: quiet,
  stop: async () => undefined,
});
startBridge(
  { file, run: { version: 'test', startedAtMs: now(), starts: 1, crashes: 0 }, maxAgeMs: 1e12 },
  {
    ...{ clock, log, openBus },
    link: startMqttLink({ url: mqttUrl, clientId: 'bridge-gw-1' }, log),
    outbox: {
      ...outbox,
      async append(data, items) {
        tell('read', data);
        const id = await outbox.append(data, items);
        tell('saved', data);
        return id;
      },
    },
  },
);

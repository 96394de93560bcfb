/** A source whose commits are in the hands of the test, and the brokers to run it against. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt, { type MqttClient } from 'mqtt';
import { onTestFinished } from 'vitest';
import { startBroker } from '../../broker/broker.ts';
import { type MqttSource, type MqttSourceOptions, startMqttSource } from '../../link/mqtt-source.ts';
import type { Log } from '../../model/log.ts';
import {
  type BrokerKind,
  type OutsideBroker,
  type OutsideBrokerOptions,
  startOutsideBroker,
} from '../harness/outside-broker.ts';
import { silentLog } from '../harness/readings.ts';

const TIMES = {
  lookMs: 20,
  settleMs: 300,
  leaseMs: 2_000,
  renewMs: 400,
  probeMs: 200,
  retryMs: 1_000,
  firstMs: 50,
  longestMs: 400,
};

export interface TestSource extends MqttSource {
  /** Payloads handed over, committed or not, in the order they came. */
  readonly taken: readonly string[];
  readonly lines: readonly string[];
  /** Commits all that waits, and from then on at once. */
  commitAll(): void;
  /** Refuses all that waits, and from then on takes and keeps waiting. */
  refuseAll(): void;
}

export function testSource(url: string, options: Partial<MqttSourceOptions> = {}): TestSource {
  const taken: string[] = [];
  const lines: string[] = [];
  let waiting: PromiseWithResolvers<void>[] = [];
  let isOpen = false;
  const say = (_: object, sentence: string): void => void lines.push(sentence);
  const log: Log = { info: say, warn: say, error: say };
  const source = startMqttSource(
    {
      url,
      clientId: `source-${Math.random().toString(16).slice(2)}`,
      sites: ['toru'],
      isBySite: false,
      otherSites: [],
      formerFilters: [],
      ...options,
      times: { ...TIMES, ...options.times },
    },
    {
      log,
      onTelemetry(_, payload) {
        taken.push(Buffer.from(payload).toString());
        if (isOpen) return Promise.resolve();
        const commit = Promise.withResolvers<void>();
        waiting.push(commit);
        return commit.promise;
      },
    },
  );
  onTestFinished(source.stop);
  return {
    ...source,
    taken,
    lines,
    commitAll() {
      isOpen = true;
      for (const { resolve } of waiting) resolve();
      waiting = [];
    },
    refuseAll() {
      for (const { reject } of waiting) reject(new Error('the disk is full'));
      waiting = [];
    },
  };
}

/** A device that publishes readings by number. */
export async function testDevice(url: string): Promise<{ send(...numbers: number[]): Promise<void> } & MqttClient> {
  const client = await mqtt.connectAsync(url, { writeCache: false });
  onTestFinished(() => client.endAsync(true));
  const send = async (...numbers: number[]): Promise<void> => {
    const sent = numbers.map((n) => client.publishAsync('aimak/v1/toru/tank-1-level/telemetry', `${n}`, { qos: 1 }));
    await Promise.all(sent);
  };
  return Object.assign(client, { send });
}

/** A broker of that kind; the caller stops it. `embedded` is our own, which keeps its sessions in a file. */
export async function anyBroker(
  kind: BrokerKind | 'embedded',
  options: Partial<OutsideBrokerOptions> = {},
): Promise<OutsideBroker> {
  const folder = mkdtempSync(join(tmpdir(), 'aimak-brokers-'));
  const broker = kind === 'embedded' ? await embedded(folder) : await startOutsideBroker({ ...options, kind, folder });
  const close = async (): Promise<void> => {
    await broker.kill();
    rmSync(folder, { recursive: true, force: true });
  };
  return { ...broker, stop: broker.stop, kill: close };
}

async function embedded(folder: string): Promise<OutsideBroker> {
  const parts = { onTelemetry: () => Promise.resolve(), log: silentLog };
  const open = (port: number) =>
    startBroker({ host: '127.0.0.1', port, sessionFile: join(folder, 'broker.db') }, parts);
  let broker: Awaited<ReturnType<typeof open>> | null = await open(0);
  const { port } = broker;
  const stop = async (): Promise<void> => {
    await broker?.stop();
    broker = null;
  };
  return {
    url: `mqtt://127.0.0.1:${port}`,
    port,
    async start() {
      broker = await open(port);
    },
    stop,
    kill: stop,
  };
}

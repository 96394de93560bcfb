/** A broker whose commits are in the hands of the test, and that is stopped when the test ends. */
import { onTestFinished } from 'vitest';
import { type Broker, type BrokerOptions, startBroker } from '../../broker/broker.ts';
import type { Log } from '../../model/log.ts';
import { type ConnectOptions, type RawClient, rawClient } from './raw-client.ts';

export const TELEMETRY = 'aimak/v1/toru/tank-1-level/telemetry';

export interface TestBroker extends Broker {
  /** Telemetry handed over, committed or not. */
  taken(): number;
  /** Commits all that waits; from then on at once. */
  commitAll(): void;
  /** Commits as many as that, oldest first. */
  commit(messages: number): void;
  readonly lines: readonly { sentence: string; facts: object }[];
  connect(options: ConnectOptions): Promise<RawClient>;
}

export async function testBroker(options: Partial<BrokerOptions> = {}): Promise<TestBroker> {
  let waiting: (() => void)[] = [];
  let isOpen = false;
  let taken = 0;
  const lines: { sentence: string; facts: object }[] = [];
  const log: Log = { info: () => undefined, warn: note, error: note };
  function note(facts: object, sentence: string): void {
    lines.push({ facts, sentence });
  }
  function commit(messages: number): void {
    for (const resolve of waiting.splice(0, messages)) resolve();
  }
  function onTelemetry(): Promise<void> {
    taken++;
    return isOpen ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve));
  }
  const broker = await startBroker({ host: '127.0.0.1', port: 0, ...options }, { onTelemetry, log });
  const clients: RawClient[] = [];
  onTestFinished(async () => {
    for (const { socket } of clients) socket.destroy();
    await broker.stop();
  });
  return {
    ...broker,
    taken: () => taken,
    lines,
    commit,
    commitAll() {
      isOpen = true;
      commit(waiting.length);
      waiting = [];
    },
    async connect(connectOptions) {
      const client = await rawClient(broker.port, connectOptions);
      clients.push(client);
      return client;
    },
  };
}

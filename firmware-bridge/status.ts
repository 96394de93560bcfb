/** What the bridge says of itself: retained at the broker (contract 2.10), and in the log. */
import type { MqttLink } from '../link/mqtt-link.ts';
import type { OutboxCounts } from '../link/outbox/file.ts';
import type { Log } from '../model/log.ts';
import { statusTopic } from '../model/topic.ts';
import type { BridgeClock, ClockSource } from './clock.ts';
import type { BusHealth } from './poll/bus-loop.ts';

/** Of this run, and of those before it on the same data. */
export interface RunRecord {
  readonly version: string;
  readonly startedAtMs: number;
  readonly starts: number;
  /** Starts after an end that was none of its own will: a power cut, a kill. */
  readonly crashes: number;
}

export interface BridgeHealth extends RunRecord {
  readonly clock: { readonly isSet: boolean; readonly source: ClockSource | null };
  /** `overdueMs`: for how long its disk has not answered. */
  readonly outbox: OutboxCounts & { readonly unsaved: number; readonly overdueMs: number };
  readonly buses: readonly BusHealth[];
}

export interface StatusParts {
  readonly link: Pick<MqttLink, 'publish' | 'onConnect'>;
  readonly clock: BridgeClock;
  readonly log: Log;
  health(): BridgeHealth;
}

export interface StatusReporter {
  /** Something is worth telling before its time. */
  changed(): void;
  stop(): Promise<void>;
}

const EVERY_MS = 600_000;
/** Units that fail together are one message. */
const SETTLE_MS = 5_000;

export function bridgeStatusTopic({ site, gateway }: { readonly site: string; readonly gateway: string }): string {
  return statusTopic(site, gateway);
}

/** What the broker says when the bridge is gone, however it went. */
export function lastWill(): Uint8Array {
  return Buffer.from(JSON.stringify({ online: false }));
}

export function startStatus(topic: string, { link, clock, log, health }: StatusParts): StatusReporter {
  const stopping = new AbortController();
  let wake = new AbortController();
  let isDirty = true;
  let isOnItsWay = false;

  /** One at a time: while the broker is away they must not pile up. */
  function publish(): void {
    if (isOnItsWay) return;
    isOnItsWay = true;
    isDirty = false;
    link
      .publish(topic, encode({ online: true, ts: timeOf(clock), ...toWire(health()) }), { retain: true })
      .catch(() => undefined)
      .finally(() => {
        isOnItsWay = false;
        if (isDirty) wake.abort();
      });
  }

  function changed(): void {
    isDirty = true;
    wake.abort();
  }

  // The broker has told the will meanwhile; what is on its way may be older than that.
  link.onConnect(changed);

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      await clock.sleep(SETTLE_MS, stopping.signal);
      if (stopping.signal.aborted) return;
      publish();
      summarise(health(), log);
      wake = new AbortController();
      if (!isDirty || isOnItsWay) await clock.sleep(EVERY_MS, AbortSignal.any([wake.signal, stopping.signal]));
    }
  }

  const running = run();
  return {
    changed,
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

function encode(status: object): Uint8Array {
  return Buffer.from(JSON.stringify(status));
}

function timeOf(clock: BridgeClock): number | null {
  return clock.isSet() ? clock.now() : null;
}

/** Short: it may go over a GSM link. */
function toWire({ version, startedAtMs, starts, crashes, clock, outbox, buses }: BridgeHealth): object {
  const { entries, items, bytes, dropped, deadLetters, unsaved, overdueMs, isOneSetAside } = outbox;
  return {
    version,
    startedAt: startedAtMs,
    starts,
    crashes,
    clock: { set: clock.isSet, source: clock.source },
    outbox: {
      messages: entries,
      readings: items,
      bytes,
      dropped,
      undatable: deadLetters,
      unsaved,
      overdueS: Math.round(overdueMs / 1_000),
      damaged: isOneSetAside,
    },
    buses: buses.map(({ id, isOpen, reason, opened, units }) => ({
      ...{ id, open: isOpen, reason, opened },
      units: units.map(({ isAnswering, lastGoodMs, ...rest }) => ({
        answering: isAnswering,
        lastGood: lastGoodMs,
        ...rest,
      })),
    })),
  };
}

function summarise({ buses, outbox, starts, clock }: BridgeHealth, log: Log): void {
  for (const { id, isOpen, reason, units } of buses) {
    const silent = units.filter(({ isAnswering }) => !isAnswering).map(({ unit }) => unit);
    const answering = units.length - silent.length;
    const tail = silent.length > 0 ? `; silent: ${silent.join(', ')}` : '';
    const sentence = isOpen ? `${answering} of ${units.length} units answer${tail}` : `not open: ${reason}`;
    log.info({ bus: id, answering, silent }, `bus ${id}: ${sentence}`);
  }
  const { items, dropped } = outbox;
  log.info({ waiting: items, dropped, starts }, `${items} readings wait for the broker`);
  if (!clock.isSet) log.warn({ waiting: items }, 'the clock is not set: what waits is sent once it is (contract 2.10)');
}

/** Ingest: telemetry to truth. Accept, record, then live state, then limits and alarms (life of a reading, steps 4 to 7). */
import { join } from 'node:path';
import type { Log } from '../model/log.ts';
import type { Plant } from '../model/plant.ts';
import { type Reading, staleAfterMs } from '../model/reading.ts';
import type { LimitRule } from '../model/rule.ts';
import { SERVER_CONDITIONS } from '../model/server-condition.ts';
import type { DeviceTopic } from '../model/topic.ts';
import { acceptTelemetry, type Reject } from './accept.ts';
import { createAccounting, type IngestCounts } from './accounting.ts';
import { type AlarmDesk, createAlarmDesk } from './alarms/desk.ts';
import { openAlarmJournal } from './alarms/journal.ts';
import type { UnsavedCounts } from './alarms/unsaved.ts';
import { createLimitWatch, watchedConditions } from './detect/limit-watch.ts';
import { startDiskGauge } from './disk-space.ts';
import { createLiveState, type LiveState } from './live-state.ts';
import { createReceiptClock } from './receipt-clock.ts';
import { createRecorder } from './recorder.ts';
import { createRejectLog } from './reject-log.ts';
import { type ClockFault, createServerClock, type SystemClock } from './server-clock.ts';
import { createServerWatch } from './server-watch.ts';
import type { AppendOutcome, ReadingStore, StoreHealth } from './store/reading-store.ts';

export interface IngestOptions {
  readonly plant: Plant;
  readonly rules: readonly LimitRule[];
  readonly dataDir: string;
  /** Of this version of the program, epoch ms: a clock that says less is wrong. */
  readonly releasedAtMs: number;
}

export interface IngestDependencies {
  readonly store: ReadingStore;
  readonly log: Log;
  readonly clock: SystemClock;
}

interface IngestHealth {
  readonly status: 'ok' | 'degraded';
  readonly ingest: IngestCounts;
  readonly store: StoreHealth;
  readonly clock: { readonly ok: boolean; readonly reason: ClockFault | null };
  readonly alarms: UnsavedCounts;
}

export interface Ingest {
  /** Takes one message. Resolves once all that can be stored of it is on disk: then it may be acknowledged. */
  take(topic: DeviceTopic, payload: Uint8Array): Promise<void>;
  readonly live: LiveState;
  readonly alarms: AlarmDesk;
  readonly history: ReadingStore['history'];
  /** Epoch ms: the machine's clock, or what is to be believed while that is wrong. */
  now(): number;
  health(): IngestHealth;
  stop(): Promise<void>;
}

/** More than this waiting for the disk, and a message is refused: its sender keeps it and sends it again. */
const MAX_IN_FLIGHT_READINGS = 500_000;
const WATCH_MS = 1_000;
/** A store elsewhere may be away for a moment, as when it is restarted. */
const UNREACHABLE_MS = 60_000;

const NOTHING_TO_STORE = Promise.resolve();

/** When too much waits for the disk: the connection closes and the sender tries again later. */
class IngestBusyError extends Error {
  readonly code = 'ingest-busy';
}

export async function startIngest(options: IngestOptions, dependencies: IngestDependencies): Promise<Ingest> {
  const { plant, rules, dataDir, releasedAtMs } = options;
  const { store, log, clock: system } = dependencies;
  const newest = await store.newest();
  const clock = createServerClock(system, releasedAtMs);
  const { now } = clock;
  const recorder = createRecorder({ store, log, onCommitted });
  const accounting = createAccounting();
  const rejectLog = createRejectLog({ file: join(dataDir, 'rejects.jsonl'), log });
  const journal = openAlarmJournal(join(dataDir, 'alarms.db'));
  const live = createLiveState({ plant, now });
  const alarms = createAlarmDesk(journal, log);
  const limits = createLimitWatch(rules, plant, alarms.isActive);
  const receiptMs = createReceiptClock(now);
  const disk = startDiskGauge(dataDir);
  const watchServer = createServerWatch(
    {
      'server-clock': () => clock.fault() !== null,
      'store-failing': recorder.isFailing,
      'store-unreachable': () => (store.health().unreachableMs ?? 0) >= UNREACHABLE_MS,
      'disk-low': disk.isLow,
    },
    { alarms, now, uptimeMs: system.uptimeMs, log },
  );

  /** Live state and alarms follow what is on disk, never the other way round. */
  function onCommitted(readings: readonly Reading[], outcomes: readonly AppendOutcome[]): void {
    accounting.committed(outcomes);
    const nowMs = now();
    rejectLog.write(refused(readings, outcomes), nowMs);
    const stored = readings.filter((_, i) => outcomes[i] === 'stored');
    clock.heard(stored);
    for (const reading of live.apply(stored)) {
      if (isFresh(reading, plant, nowMs)) limits.evaluate(reading).forEach(alarms.apply);
    }
  }

  function watch(): void {
    live.sweep();
    watchServer();
    alarms.saveUnsaved();
  }

  clock.heard(newest);
  live.apply(newest);
  closeUnwatched(alarms, watchedConditions(rules, plant), now());
  watch();
  const watching = setInterval(watch, WATCH_MS);

  return {
    take(topic, payload) {
      if (recorder.inFlight() > MAX_IN_FLIGHT_READINGS)
        return Promise.reject(new IngestBusyError('too many readings wait for the disk'));
      const nowMs = now();
      const accepted = acceptTelemetry(topic, payload, { plant, receiptMs, nowMs, latestTs: clock.latestTs() });
      accounting.accepted(accepted);
      rejectLog.write(accepted.rejects, nowMs);
      return accepted.readings.length > 0 ? recorder.add(accepted.readings) : NOTHING_TO_STORE;
    },
    live,
    alarms,
    history: store.history,
    now,
    health() {
      const reason = clock.fault();
      return {
        status: recorder.isFailing() || reason || !store.health().reachable ? 'degraded' : 'ok',
        ingest: accounting.counts(recorder.inFlight()),
        store: store.health(),
        clock: { ok: reason === null, reason },
        alarms: alarms.health(),
      };
    },
    async stop() {
      clearInterval(watching);
      disk.stop();
      await recorder.stop();
      await rejectLog.stop();
      alarms.saveUnsaved();
      journal.close();
    },
  };
}

/** A late or replayed reading is history: it raises and clears nothing (contract 2.4). */
function isFresh({ device, ts }: Reading, plant: Plant, nowMs: number): boolean {
  const everyS = plant.devices.get(device)?.everyS ?? 0;
  return nowMs - ts <= staleAfterMs(everyS);
}

/** What nothing watches any more, since its rule or device has left the configuration, nobody else would ever close. */
function closeUnwatched(alarms: AlarmDesk, watched: ReadonlySet<string>, at: number): void {
  const isWatched = (key: string): boolean => watched.has(key) || SERVER_CONDITIONS.has(key);
  for (const key of alarms.activeKeys()) if (!isWatched(key)) alarms.apply({ kind: 'return', key, at });
}

const REFUSED: Partial<Record<AppendOutcome, Pick<Reject, 'reason' | 'detail'>>> = {
  conflict: { reason: 'conflict', detail: 'another value is stored for that time' },
  expired: { reason: 'too-old', detail: 'what is kept of that time are hourly values' },
};

/** What the store would not take, and why. */
function refused(readings: readonly Reading[], outcomes: readonly AppendOutcome[]): Reject[] {
  return readings.flatMap(({ device, metric, ts, value }, i) => {
    const fault = REFUSED[outcomes[i] ?? 'stored'];
    if (!fault) return [];
    const detail = `${value} at ${new Date(ts).toISOString()}: ${fault.detail}`;
    return [{ reason: fault.reason, device, metric, detail }];
  });
}

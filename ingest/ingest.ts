/** Ingest: telemetry to truth. Accept, record, then live state, then limits and alarms (life of a reading, steps 4 to 7). */
import { join } from 'node:path';
import type { ConditionChange } from '../model/condition.ts';
import type { DeviceId } from '../model/ids.ts';
import type { Log } from '../model/log.ts';
import type { Plant } from '../model/plant.ts';
import type { Reading } from '../model/reading.ts';
import type { Rule } from '../model/rule.ts';
import { SERVER_CONDITIONS } from '../model/server-condition.ts';
import type { DeviceTopic } from '../model/topic.ts';
import { acceptTelemetry, type Reject } from './accept.ts';
import { createAccounting, type IngestCounts } from './accounting.ts';
import { type AlarmDesk, createAlarmDesk } from './alarms/desk.ts';
import { openAlarmJournal } from './alarms/journal.ts';
import { createOutageWatch } from './alarms/outage-watch.ts';
import type { UnsavedCounts } from './alarms/unsaved.ts';
import { createClockRecord, recalledClock, type WrongStampCounts } from './clock-record.ts';
import { clockPlant } from './clock-sources.ts';
import { createDataFaultWatch, type DataFaultCounts, type DataFaults } from './data-faults.ts';
import { createDetectors, type Detectors } from './detect/detectors.ts';
import { createMemoryKeeper, restoredMemory } from './detect/memory-keeper.ts';
import { startDiskGauge } from './disk-space.ts';
import { createLiveState, type LiveState } from './live-state.ts';
import { createReceiptClock, withFreeReceipts } from './receipt-clock.ts';
import { createRecorder } from './recorder.ts';
import { createRejectLog } from './reject-log.ts';
import { type ClockFault, createServerClock, type SystemClock } from './server-clock.ts';
import { createServerWatch } from './server-watch.ts';
import type { AppendOutcome, ReadingStore } from './store/reading-store.ts';
import { createStoreWatch, type StoreWatchHealth } from './store-watch.ts';

export interface IngestOptions {
  readonly plant: Plant;
  readonly rules: readonly Rule[];
  readonly dataDir: string;
  /** Of this version of the program, epoch ms: a clock that says less is wrong. */
  readonly releasedAtMs: number;
}

export interface IngestDependencies {
  readonly store: ReadingStore;
  readonly log: Log;
  readonly clock: SystemClock;
  /** What is wrong with the data folder, as its files' owners note it. */
  readonly dataFaults: DataFaults;
}

interface IngestHealth {
  readonly status: 'ok' | 'degraded';
  readonly ingest: IngestCounts;
  readonly store: StoreWatchHealth;
  readonly clock: { readonly ok: boolean; readonly reason: ClockFault | null; readonly stamps: WrongStampCounts };
  readonly alarms: UnsavedCounts;
  readonly data: DataFaultCounts;
}

export interface Ingest {
  /** Takes one message. Resolves once all that can be stored of it is on disk: then it may be acknowledged. */
  take(topic: DeviceTopic, payload: Uint8Array): Promise<void>;
  readonly live: LiveState;
  readonly alarms: AlarmDesk;
  readonly history: ReadingStore['history'];
  /** Epoch ms: the machine's clock, or what is to be believed while that is wrong. */
  now(): number;
  /** Epoch ms, by which things grow old: it stands still, but for the uptime, while there is no word for the clock. */
  agingNow(): number;
  health(): IngestHealth;
  stop(): Promise<void>;
}

/** More than this waiting for the disk, and a message is refused: its sender keeps it and sends it again. */
const MAX_IN_FLIGHT_READINGS = 500_000;
const WATCH_MS = 1_000;
const DAY_MS = 86_400_000;
/** A store elsewhere may be away for a moment, as when it is restarted. */
const UNREACHABLE_MS = 60_000;

const NOTHING_TO_STORE = Promise.resolve();

/** When too much waits for the disk: the connection closes and the sender tries again later. */
class IngestBusyError extends Error {
  readonly code = 'ingest-busy';
}

export async function startIngest(options: IngestOptions, dependencies: IngestDependencies): Promise<Ingest> {
  const { plant, rules, dataDir, releasedAtMs } = options;
  const { store, log, clock: system, dataFaults } = dependencies;
  const newest = await store.newest();
  const journal = openAlarmJournal(join(dataDir, 'alarms.db'), { faults: dataFaults, now: system.now });
  const kept = recalledClock(journal);
  const { agreeing: agreedBefore, soundUntilMs } = kept;
  const clock = createServerClock(system, { ...clockPlant(plant), releasedAtMs, agreedBefore, soundUntilMs });
  clock.recall(newest);
  const { now, lagMs } = clock;
  const { uptimeMs } = system;
  const record = createClockRecord(kept, { shelf: journal, clock, uptimeMs, log });
  const recorder = createRecorder({ store: withFreeReceipts(store), log, uptimeMs, onCommitted });
  const accounting = createAccounting();
  const isDevice = (id: string): boolean => plant.devices.has(id as DeviceId);
  const rejectLog = createRejectLog({ file: join(dataDir, 'rejects.jsonl'), log, isDevice });
  const watchStore = createStoreWatch({ store, recorder, alarmsUnsyncedMs: journal.unsyncedMs });
  const live = createLiveState({ plant, now, uptimeMs, lagMs, onFuture: record.gaveWay });
  const alarms = createAlarmDesk(journal, { plant, rules, log, now });
  const changes = createChangeBasket(alarms);
  const lastHeard = new Map<string, number>();
  const detectors = createDetectors(
    { plant, rules, memory: restoredMemory(journal), newest },
    {
      isActive: alarms.isActive,
      tell: changes.add,
      now,
      isClockRight: () => clock.fault() === null,
      uptimeMs,
      lagMs,
    },
  );
  const keeper = createMemoryKeeper({ shelf: journal, memory: detectors.memory, now, uptimeMs });
  const receiptMs = createReceiptClock(now);
  const disk = startDiskGauge(dataDir);
  const watchServer = createServerWatch(
    {
      'server-clock': () => clock.fault() !== null,
      'store-failing': watchStore.isFailing,
      'store-unreachable': () => (store.health().unreachableMs ?? 0) >= UNREACHABLE_MS,
      'disk-low': disk.isLow,
    },
    { alarms, now, uptimeMs, log },
  );
  const watchData = createDataFaultWatch({ faults: dataFaults, alarms, now });
  const heardAtMs = (device: string): number | null => lastHeard.get(device) ?? null;
  const watchOutages = createOutageWatch({ alarms, heardAtMs, now, uptimeMs, log });

  /** Live state and alarms follow what is on disk, never the other way round. */
  function onCommitted(readings: readonly Reading[], outcomes: readonly AppendOutcome[]): void {
    accounting.committed(outcomes);
    const nowMs = now();
    rejectLog.write(refused(readings, outcomes), nowMs);
    const isStored = (outcome: AppendOutcome | undefined): boolean => outcome === 'stored';
    const stored = outcomes.every(isStored) ? readings : readings.filter((_, i) => isStored(outcomes[i]));
    clock.heard(stored);
    record.stamped(stored);
    detectors.take(stored, live.apply(stored));
    changes.tell();
  }

  function watch(): void {
    live.sweep();
    rejectLog.tick(now());
    watchServer();
    watchData();
    detectors.sweep();
    changes.tell();
    watchOutages();
    alarms.tick();
    alarms.saveUnsaved();
    keeper.keepNowAndThen();
    record.look();
    // By a wrong clock all would be old.
    journal.forget(record.agingNow());
    store.tellTime?.(record.agingNow());
    journal.scrub();
  }

  live.recall(newest);
  closeUnwatched(alarms, detectors);
  watch();
  const watching = setInterval(watch, WATCH_MS);

  function isOfToday(reading: Reading | undefined, nowMs: number): boolean {
    if (!reading) return false;
    return reading.ts > nowMs - DAY_MS || reading.ts + lagMs(reading.device) > nowMs - DAY_MS;
  }

  return {
    take(topic, payload) {
      if (recorder.inFlight() > MAX_IN_FLIGHT_READINGS)
        return Promise.reject(new IngestBusyError('too many readings wait for the disk'));
      const { nowMs, latestTs } = clock.look(topic.device as DeviceId);
      const accepted = acceptTelemetry(topic, payload, { plant, receiptMs, nowMs, latestTs });
      accounting.accepted(accepted, latestTs);
      detectors.hear(accepted, nowMs);
      // A replay of the past says nothing of the link.
      if (isOfToday(accepted.readings.at(-1), nowMs)) lastHeard.set(topic.device, uptimeMs());
      rejectLog.write(accepted.rejects, nowMs);
      return accepted.readings.length > 0 ? recorder.add(accepted.readings) : NOTHING_TO_STORE;
    },
    live,
    alarms,
    history: store.history,
    now,
    agingNow: record.agingNow,
    health() {
      const reason = clock.fault();
      const data = dataFaults.counts();
      const storeHealth = watchStore.health();
      const isSound = storeHealth.reason === null && !reason && data.total === 0;
      return {
        status: isSound ? 'ok' : 'degraded',
        ingest: accounting.counts(recorder.inFlight()),
        store: storeHealth,
        clock: { ok: reason === null, reason, stamps: record.counts() },
        alarms: alarms.health(),
        data,
      };
    },
    async stop() {
      clearInterval(watching);
      disk.stop();
      await recorder.stop();
      await rejectLog.stop();
      alarms.saveUnsaved();
      keeper.keep();
      record.keep();
      await journal.close();
    },
  };
}

/** What nothing watches any more, since its rule or device has left the configuration, nobody else would ever close. */
function closeUnwatched(alarms: AlarmDesk, detectors: Detectors): void {
  const unwatched = alarms
    .standing()
    .filter(
      ({ key, rule, detector }) => !(detector === 'server' ? SERVER_CONDITIONS.has(rule) : detectors.isWatched(key)),
    );
  alarms.withdraw(...unwatched.map(({ key }) => key));
}

/** Gathers what one commit, or one look, brings: the desk takes it in one. */
function createChangeBasket(alarms: Pick<AlarmDesk, 'applyAll'>) {
  const changes: ConditionChange[] = [];
  return {
    add(change: ConditionChange): void {
      changes.push(change);
    },
    tell(): void {
      if (changes.length > 0) alarms.applyAll(changes.splice(0));
    },
  };
}

const REFUSED: Partial<Record<AppendOutcome, Pick<Reject, 'reason' | 'detail'>>> = {
  conflict: { reason: 'conflict', detail: 'another value is stored for that time' },
  expired: { reason: 'too-old', detail: 'what is kept of that time are hourly values' },
};

/** What the store would not take, and why. Runs for every reading, and nearly always finds nothing. */
function refused(readings: readonly Reading[], outcomes: readonly AppendOutcome[]): Reject[] {
  const rejects: Reject[] = [];
  readings.forEach(({ device, metric, ts, value }, i) => {
    const fault = REFUSED[outcomes[i] ?? 'stored'];
    if (!fault) return;
    const detail = `${value} at ${new Date(ts).toISOString()}: ${fault.detail}`;
    rejects.push({ reason: fault.reason, device, metric, detail });
  });
  return rejects;
}

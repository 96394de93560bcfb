/** Ingest: telemetry to truth. Accept, record, then live state, then limits and alarms (life of a reading, steps 4 to 7). */
import { join } from 'node:path';
import type { ConditionChange } from '../model/alarm.ts';
import type { Log } from '../model/log.ts';
import type { Plant } from '../model/plant.ts';
import { type Reading, staleAfterMs } from '../model/reading.ts';
import type { LimitRule } from '../model/rule.ts';
import type { DeviceTopic } from '../model/topic.ts';
import { acceptTelemetry, type Reject } from './accept.ts';
import { createAccounting, type IngestCounts } from './accounting.ts';
import { type AlarmDesk, createAlarmDesk } from './alarms/desk.ts';
import { openAlarmJournal } from './alarms/journal.ts';
import { createLimitWatch, watchedConditions } from './detect/limit-watch.ts';
import { createLiveState, type LiveState } from './live-state.ts';
import { createReceiptClock } from './receipt-clock.ts';
import { createRecorder } from './recorder.ts';
import { createRejectLog } from './reject-log.ts';
import type { AppendOutcome, ReadingStore, StoreHealth } from './store/reading-store.ts';

export interface IngestOptions {
  readonly plant: Plant;
  readonly rules: readonly LimitRule[];
  readonly dataDir: string;
}

export interface IngestDependencies {
  readonly store: ReadingStore;
  readonly log: Log;
  /** Epoch ms. */
  readonly now: () => number;
}

interface IngestHealth {
  readonly status: 'ok' | 'degraded';
  readonly ingest: IngestCounts;
  readonly store: StoreHealth;
}

export interface Ingest {
  /** Takes one message. Resolves once all that can be stored of it is on disk: then it may be acknowledged. */
  take(topic: DeviceTopic, payload: Uint8Array): Promise<void>;
  readonly live: LiveState;
  readonly alarms: AlarmDesk;
  readonly history: ReadingStore['history'];
  health(): IngestHealth;
  stop(): Promise<void>;
}

/** More than this waiting for the disk, and a message is refused: its sender keeps it and sends it again. */
const MAX_IN_FLIGHT_READINGS = 500_000;
const SWEEP_MS = 1_000;

/** Thrown when too much waits for the disk: the connection closes and the sender tries again later. */
class IngestBusyError extends Error {
  readonly code = 'ingest-busy';
}

export async function startIngest(options: IngestOptions, { store, log, now }: IngestDependencies): Promise<Ingest> {
  const { plant, rules, dataDir } = options;
  const recorder = createRecorder({ store, log });
  const accounting = createAccounting();
  const rejectLog = createRejectLog({ file: join(dataDir, 'rejects.jsonl'), log });
  const journal = openAlarmJournal(join(dataDir, 'alarms.db'));
  const live = createLiveState({ plant, now });
  const alarms = createAlarmDesk(journal);
  const limits = createLimitWatch(rules, plant, alarms.isActive);
  const context = { plant, receiptMs: createReceiptClock(now) };

  live.apply(await store.newest());
  const sweeping = setInterval(live.sweep, SWEEP_MS);

  /** Live state and alarms follow what is on disk, never the other way round. */
  function follow(readings: readonly Reading[], outcomes: readonly AppendOutcome[]): void {
    const stored = readings.filter((_, i) => outcomes[i] === 'stored');
    for (const reading of live.apply(stored)) {
      if (isFresh(reading)) for (const change of limits.evaluate(reading)) raiseOrReturn(change);
    }
  }

  /** A full disk must not take back the acknowledgement of a reading that is stored; the next reading tries again. */
  function raiseOrReturn(change: ConditionChange): void {
    try {
      alarms.apply(change);
    } catch (error) {
      log.error({ err: error, condition: change.key }, 'an alarm could not be saved');
    }
  }

  /** A late or replayed reading is history: it raises and clears nothing (contract 2.4). */
  function isFresh({ device, ts }: Reading): boolean {
    const everyS = plant.devices.get(device)?.everyS ?? 0;
    return now() - ts <= staleAfterMs(everyS);
  }

  /** What no rule watches any more, since its rule or device has left the configuration, nobody else would ever close. */
  function closeUnwatched(): void {
    const watched = watchedConditions(rules, plant);
    for (const key of alarms.activeKeys()) if (!watched.has(key)) raiseOrReturn({ kind: 'return', key, at: now() });
  }

  closeUnwatched();
  return {
    async take(topic, payload) {
      if (recorder.inFlight() > MAX_IN_FLIGHT_READINGS)
        throw new IngestBusyError('too many readings wait for the disk');
      const nowMs = now();
      const accepted = acceptTelemetry(topic, payload, { ...context, nowMs });
      accounting.accepted(accepted);
      rejectLog.write(accepted.rejects, nowMs);
      if (accepted.readings.length === 0) return;
      const outcomes = await recorder.add(accepted.readings);
      accounting.committed(outcomes);
      rejectLog.write(conflicts(accepted.readings, outcomes), nowMs);
      follow(accepted.readings, outcomes);
    },
    live,
    alarms,
    history: store.history,
    health: () => ({
      status: recorder.isFailing() ? 'degraded' : 'ok',
      ingest: accounting.counts(recorder.inFlight()),
      store: store.health(),
    }),
    async stop() {
      clearInterval(sweeping);
      await recorder.stop();
      await rejectLog.stop();
      journal.close();
    },
  };
}

function conflicts(readings: readonly Reading[], outcomes: readonly AppendOutcome[]): Reject[] {
  return readings
    .filter((_, i) => outcomes[i] === 'conflict')
    .map(({ device, metric, ts, value }) => ({
      reason: 'conflict',
      device,
      metric,
      detail: `${value} at ${new Date(ts).toISOString()}: another value is stored for that time`,
    }));
}

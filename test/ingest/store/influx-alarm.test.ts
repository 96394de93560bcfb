import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { createDataFaults } from '../../../ingest/data-faults.ts';
import { startIngest } from '../../../ingest/ingest.ts';
import { openInfluxStore } from '../../../ingest/store/influx-store.ts';
import { parseDeviceTopic } from '../../../model/topic.ts';
import { eventually } from '../../harness/process.ts';
import { silentLog, smallPlant } from '../../harness/readings.ts';
import { temporaryFolder } from '../../harness/server.ts';
import { startInfluxRecorder } from './influx-recorder.ts';

it('InfluxDB that is away for a minute is an alarm of its own, while readings are still acknowledged', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  let uptime = 0;
  const uptimeMs = (): number => uptime;
  const gone = await startInfluxRecorder();
  await gone.stop();
  const dataDir = temporaryFolder();
  const plant = smallPlant();
  const influx = { url: `http://127.0.0.1:${gone.port}`, api: 'v2', bucket: 'town' } as const;
  const store = await openInfluxStore(
    { ...influx, file: join(dataDir, 'outbox.db'), outboxBytes: 1e6, placeOf: (id) => plant.devices.get(id) },
    { log: silentLog, uptimeMs },
  );
  const clock = { now: () => 1e12 + uptime, uptimeMs, isUnsynchronised: () => false };
  const ingest = await startIngest(
    { plant, rules: [], dataDir, releasedAtMs: 0 },
    { store, log: silentLog, clock, dataFaults: createDataFaults() },
  );
  onTestFinished(async () => {
    await ingest.stop();
    await store.stop();
  });
  const alarmsAfter = (ms: number) => {
    uptime += ms;
    vi.advanceTimersByTime(1_000);
    const all = { activeOnly: false, from: 0, to: 1e13, limit: 100 };
    return ingest.alarms.list(all).map(({ rule, state }) => [rule, state]);
  };

  const topic = parseDeviceTopic('aimak/v1/toru/tank-1-level/telemetry');
  if (!topic) throw new Error('no topic');
  await ingest.take(topic, Buffer.from('{"level": 2}'));
  expect(ingest.health()).toMatchObject({ status: 'degraded', store: { reachable: false, pending: 1 } });
  expect(alarmsAfter(59_000)).toEqual([]);
  expect(alarmsAfter(2_000)).toEqual([['store-unreachable', 'unacknowledged']]);

  const back = await startInfluxRecorder(gone.port);
  onTestFinished(() => back.stop());
  // The look at whether it can be read is taken on a timer.
  await eventually(
    () => {
      vi.advanceTimersByTime(1_000);
      return store.health();
    },
    ({ reachable, pending }) => reachable && pending === 0,
  );
  alarmsAfter(1_000);
  expect(alarmsAfter(11_000)).toEqual([['store-unreachable', 'returned-unacknowledged']]);
  expect(ingest.health().status).toBe('ok');
});

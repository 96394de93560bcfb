/** How readings leave the outbox, on a clock that is advanced by hand and an outbox in memory: nothing else takes time. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { BridgeClock } from '../../firmware-bridge/clock.ts';
import { startSender } from '../../firmware-bridge/send/sender.ts';
import type { OutboxEntry } from '../../link/outbox/file.ts';
import type { Outbox } from '../../link/outbox.ts';
import { decodeTelemetry } from '../../model/telemetry.ts';
import { silentLog } from '../harness/readings.ts';

const MINUTE = 60_000;

/** Follows the fake timers. */
function createClock(isSet = true): BridgeClock {
  const sleep = (ms: number, signal: AbortSignal) =>
    new Promise<void>((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      signal.addEventListener('abort', end);
    });
  return { now: Date.now, upMs: Date.now, bootId: 'boot', isSet: () => isSet, source: () => null, sleep };
}

function createMemoryOutbox(): Outbox {
  const entries = new Map<number, OutboxEntry>();
  let lastId = 0;
  const nothing = async (): Promise<void> => undefined;
  const none = async (): Promise<never[]> => [];
  return {
    async append(data, items) {
      entries.set(++lastId, { id: lastId, items, data });
      return lastId;
    },
    async peekAfter({ id, maxBytes }) {
      const found: OutboxEntry[] = [];
      let bytes = 0;
      for (const entry of entries.values()) {
        if (entry.id <= id) continue;
        bytes += entry.data.length;
        if (bytes > maxBytes) break;
        found.push(entry);
      }
      return found;
    },
    async removeEach(ids) {
      for (const id of ids) entries.delete(id);
    },
    note: async () => null,
    keepNote: nothing,
    overdueMs: () => 0,
    counts: () => ({ entries: entries.size, items: 0, bytes: 0, deadLetters: 0, dropped: 0, isOneSetAside: false }),
    ...{ peekBefore: none, deadLetters: none, remove: nothing, drop: nothing, stop: nothing },
  };
}

/** A link that carries one message after the other, and each takes so long. */
function createSlowLink(messageMs: number) {
  const arrived: { device: string; ts: number; atMs: number }[] = [];
  let freeAtMs = 0;
  let isUp = true;
  let onUp = Promise.withResolvers<void>();
  async function publish(topic: string, payload: Uint8Array): Promise<void> {
    while (!isUp) await onUp.promise;
    freeAtMs = Math.max(freeAtMs, Date.now()) + messageMs;
    await new Promise((resolve) => setTimeout(resolve, freeAtMs - Date.now()));
    const decoded = decodeTelemetry(payload);
    const device = topic.split('/')[3] ?? '';
    for (const { ts } of decoded.ok ? decoded.frames : []) arrived.push({ device, ts: Number(ts), atMs: Date.now() });
  }
  return {
    arrived,
    publish,
    publishNow: publish,
    set isUp(is: boolean) {
      isUp = is;
      onUp.resolve();
      onUp = Promise.withResolvers();
    },
  };
}

describe('the two lanes', () => {
  beforeEach(() => void vi.useFakeTimers({ now: Date.parse('2026-11-23T06:00:00Z') }));
  afterEach(() => void vi.useRealTimers());

  it('bring live values within seconds over a slow link while thousands wait', async () => {
    const link = createSlowLink(500);
    const outbox = createMemoryOutbox();
    const sender = startSender(
      { site: 'toru', maxAgeMs: 1e12 },
      { outbox, link, clock: createClock(), log: silentLog },
    );
    onTestFinished(sender.stop);
    const devices = Array.from({ length: 20 }, (_, i) => `meter-${i + 1}`);
    const read = async (minutes: number) => {
      for (let i = 0; i < minutes * devices.length; i++) {
        await sender.record(devices[i % devices.length] ?? '', { flow_rate: i });
        await vi.advanceTimersByTimeAsync(MINUTE / devices.length);
      }
    };
    link.isUp = false;
    await read(12 * 60);
    const waited = outbox.counts().entries;
    expect(waited).toBeGreaterThan(14_000);

    link.isUp = true;
    // The last word of each of twenty devices comes first, and takes ten seconds alone.
    const fromMs = Date.now() + 15_000;
    await read(1);
    expect(outbox.counts().entries).toBeGreaterThan(5_000);
    const ages = link.arrived.filter(({ ts }) => ts >= fromMs).map(({ ts, atMs }) => atMs - ts);
    expect(ages.length).toBeGreaterThan(10);
    expect(Math.max(...ages)).toBeLessThan(6_000);

    await vi.advanceTimersByTimeAsync(15 * MINUTE);
    expect(outbox.counts().entries).toBe(0);
    const identities = link.arrived.map(({ device, ts }) => `${device} ${ts}`);
    expect([identities.length, new Set(identities).size]).toEqual([waited + 20, waited + 20]);
  });

  it('send what a disk that hangs does not take, and ask it no more until it answers', async () => {
    const link = createSlowLink(10);
    const disk = createMemoryOutbox();
    let isHanging = true;
    let asked = 0;
    const since = Date.now();
    const outbox: Outbox = {
      ...disk,
      overdueMs: () => (isHanging && Date.now() - since >= 10_000 ? Date.now() - since : 0),
      append(data, items) {
        asked++;
        return isHanging ? new Promise(() => undefined) : disk.append(data, items);
      },
    };
    const sender = startSender(
      { site: 'toru', maxAgeMs: 1e12 },
      { outbox, link, clock: createClock(), log: silentLog },
    );
    onTestFinished(sender.stop);
    await sender.record('meter-1', { flow_rate: 1 });
    await vi.advanceTimersByTimeAsync(10_100);
    expect(link.arrived.map(({ device }) => device)).toEqual(['meter-1']);
    for (let i = 0; i < 500; i++) await sender.record('meter-2', { flow_rate: i });
    await vi.advanceTimersByTimeAsync(1_000);
    expect([asked, sender.unsaved()]).toEqual([1, 501]);
    isHanging = false;
    await sender.record('meter-3', { flow_rate: 3 });
    await vi.advanceTimersByTimeAsync(20_000);
    expect(link.arrived.at(-1)?.device).toBe('meter-3');
    expect([asked, disk.counts().entries]).toEqual([2, 0]);
  });

  it('leave none behind of many devices that are read in one moment, before the clock is set', async () => {
    const link = createSlowLink(500);
    const outbox = createMemoryOutbox();
    const sender = startSender(
      { site: 'toru', maxAgeMs: 1e12 },
      { outbox, link, clock: createClock(false), log: silentLog },
    );
    onTestFinished(sender.stop);
    const devices = Array.from({ length: 16 }, (_, i) => `meter-${i + 1}`);
    for (const device of devices) await sender.record(device, { flow_rate: 1 });
    await vi.advanceTimersByTimeAsync(devices.length * 500);
    expect(link.arrived.map(({ device, ts }) => [device, ts])).toEqual(devices.map((device) => [device, Number.NaN]));
    expect(outbox.counts().entries).toBe(0);
  });

  it('need no more memory the longer they wait', async () => {
    const away = () => Promise.reject(new Error('away'));
    const link = { publish: away, publishNow: away };
    const sender = startSender(
      { site: 'toru', maxAgeMs: 1e12 },
      { outbox: createMemoryOutbox(), link, clock: createClock(false), log: silentLog },
    );
    onTestFinished(sender.stop);
    await sender.record('meter-1', { flow_rate: 1 });
    const batches = 10_000;
    const waitForBatches = () => vi.advanceTimersByTimeAsync(batches * 10_000);
    await waitForBatches();
    const before = heapBytes();
    await waitForBatches();
    expect((heapBytes() - before) / batches).toBeLessThan(100);
  });
});

function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().heapUsed;
}

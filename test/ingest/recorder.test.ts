import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { withFreeReceipts } from '../../ingest/receipt-clock.ts';
import { createRecorder } from '../../ingest/recorder.ts';
import type { AppendOutcome, ReadingStore } from '../../ingest/store/reading-store.ts';
import type { Reading } from '../../model/reading.ts';
import { reading, silentLog } from '../harness/readings.ts';

/** A store that commits when told to. */
function heldStore() {
  const groups: { size: number; commit: () => void; fail: (error: Error) => void }[] = [];
  const store = {
    append: (readings: readonly unknown[]) =>
      new Promise<AppendOutcome[]>((resolve, reject) => {
        groups.push({ size: readings.length, commit: () => resolve(readings.map(() => 'stored')), fail: reject });
      }),
  } as unknown as ReadingStore;
  const told: [readonly Reading[], readonly AppendOutcome[]][] = [];
  const recorder = createRecorder({
    store,
    log: silentLog,
    uptimeMs: () => performance.now(),
    onCommitted: (...group) => told.push(group),
  });
  return { recorder, groups, told };
}

/** Whatever was to follow what has been done so far. */
const endOfTurn = (): Promise<void> => Promise.resolve();

const three = [1, 2, 3].map((n) => reading('d', 'level', n, n));

describe('the recorder', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('commits together what a turn brings, at its end, and what comes meanwhile', async () => {
    const { recorder, groups } = heldStore();
    const first = [recorder.add(three), recorder.add(three)];
    await endOfTurn();
    const second = [recorder.add(three), recorder.add(three), recorder.add(three)];
    await endOfTurn();
    expect(groups.map((g) => g.size)).toEqual([6]);
    expect(recorder.inFlight()).toBe(15);
    groups[0]?.commit();
    await Promise.all(first);
    expect(groups.map((g) => g.size)).toEqual([6, 9]);
    groups[1]?.commit();
    await Promise.all(second);
    expect(recorder.inFlight()).toBe(0);
  });

  it('makes no group larger than a commit of milliseconds takes', async () => {
    const { recorder, groups } = heldStore();
    const many = Array.from({ length: 6_000 }, (_, n) => reading('d', 'level', n, n));
    const added = [recorder.add(many), recorder.add(many), recorder.add(many)];
    await endOfTurn();
    groups[0]?.commit();
    await added[0];
    groups[1]?.commit();
    await Promise.all(added);
    expect(groups.map((g) => g.size)).toEqual([12_000, 6_000]);
  });

  it('tells of a group, in the order of its readings, before anyone hears that they are stored', async () => {
    const { recorder, groups, told } = heldStore();
    const toldBefore = recorder.add(three).then(() => told.length);
    await endOfTurn();
    expect(told).toEqual([]);
    groups[0]?.commit();
    expect(await toldBefore).toBe(1);
    expect(told).toEqual([[three, ['stored', 'stored', 'stored']]]);
  });

  it('commits what is added in the very turn in which the group before resolves', async () => {
    const { recorder, groups } = heldStore();
    const second = recorder.add(three).then(() => recorder.add(three));
    await endOfTurn();
    groups[0]?.commit();
    await vi.waitFor(() => expect(groups).toHaveLength(2));
    groups[1]?.commit();
    await second;
    expect(recorder.inFlight()).toBe(0);
  });

  it('tries a failed group again until it is stored, and says that it fails', async () => {
    const { recorder, groups } = heldStore();
    const added = recorder.add(three);
    await endOfTurn();
    groups[0]?.fail(new Error('database or disk is full'));
    await vi.advanceTimersByTimeAsync(500);
    expect([recorder.isFailing(), recorder.inFlight(), groups.length]).toEqual([true, 3, 1]);
    await vi.advanceTimersByTimeAsync(600);
    groups[1]?.commit();
    await added;
    expect([recorder.isFailing(), recorder.inFlight()]).toEqual([false, 0]);
  });

  it('says how long the oldest of them has waited, at the store or behind what is there', async () => {
    const { recorder, groups } = heldStore();
    expect(recorder.oldestPendingMs()).toBe(0);
    void recorder.add(three);
    await vi.advanceTimersByTimeAsync(3_000);
    void recorder.add(three);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(recorder.oldestPendingMs()).toBe(5_000);
    groups[0]?.commit();
    await vi.advanceTimersByTimeAsync(0);
    expect(recorder.oldestPendingMs()).toBe(2_000);
    groups[1]?.commit();
    await vi.advanceTimersByTimeAsync(0);
    expect(recorder.oldestPendingMs()).toBe(0);
  });

  it('stops without an acknowledgement where the store fails', async () => {
    const { recorder, groups } = heldStore();
    let isAcknowledged = false;
    void recorder.add(three).then(() => {
      isAcknowledged = true;
    });
    const stopped = recorder.stop();
    await endOfTurn();
    groups[0]?.fail(new Error('gone'));
    await stopped;
    expect(isAcknowledged).toBe(false);
  });
});

describe('a receipt whose millisecond is taken', () => {
  it('gets the next that is free, and nothing of it is lost', async () => {
    const stored = new Map([
      [1_000, 1],
      [1_001, 2],
    ]);
    const append = (readings: readonly Reading[]): Promise<AppendOutcome[]> =>
      Promise.resolve(
        readings.map(({ ts, value }) => {
          const known = stored.get(ts);
          if (known !== undefined) return known === value ? 'duplicate' : 'conflict';
          stored.set(ts, value ?? 0);
          return 'stored';
        }),
      );
    const receipt = { ...reading('d', 'level', 1_000, 2), isReceipt: true };
    const own = { ...reading('d', 'level', 1_000, 3), isReceipt: false };
    expect(await withFreeReceipts({ append }).append([own, receipt])).toEqual(['conflict', 'stored']);
    expect([receipt.ts, own.ts, stored.get(1_002)]).toEqual([1_002, 1_000, 2]);
  });
});

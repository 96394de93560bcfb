import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
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
  const recorder = createRecorder({ store, log: silentLog, onCommitted: (...group) => told.push(group) });
  return { recorder, groups, told };
}

const three = [1, 2, 3].map((n) => reading('d', 'level', n, n));

describe('the recorder', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('commits at once, and together what comes meanwhile', async () => {
    const { recorder, groups } = heldStore();
    const added = [recorder.add(three), recorder.add(three), recorder.add(three)];
    expect(groups.map((g) => g.size)).toEqual([3]);
    expect(recorder.inFlight()).toBe(9);
    groups[0]?.commit();
    await added[0];
    expect(groups.map((g) => g.size)).toEqual([3, 6]);
    groups[1]?.commit();
    await Promise.all(added);
    expect(recorder.inFlight()).toBe(0);
  });

  it('tells of a group, in the order of its readings, before anyone hears that they are stored', async () => {
    const { recorder, groups, told } = heldStore();
    const toldBefore = recorder.add(three).then(() => told.length);
    expect(told).toEqual([]);
    groups[0]?.commit();
    expect(await toldBefore).toBe(1);
    expect(told).toEqual([[three, ['stored', 'stored', 'stored']]]);
  });

  it('commits what is added in the very turn in which the group before resolves', async () => {
    const { recorder, groups } = heldStore();
    const second = recorder.add(three).then(() => recorder.add(three));
    groups[0]?.commit();
    await vi.waitFor(() => expect(groups).toHaveLength(2));
    groups[1]?.commit();
    await second;
    expect(recorder.inFlight()).toBe(0);
  });

  it('tries a failed group again until it is stored, and says that it fails', async () => {
    const { recorder, groups } = heldStore();
    const added = recorder.add(three);
    groups[0]?.fail(new Error('database or disk is full'));
    await vi.advanceTimersByTimeAsync(500);
    expect([recorder.isFailing(), recorder.inFlight(), groups.length]).toEqual([true, 3, 1]);
    await vi.advanceTimersByTimeAsync(600);
    groups[1]?.commit();
    await added;
    expect([recorder.isFailing(), recorder.inFlight()]).toEqual([false, 0]);
  });

  it('stops without an acknowledgement where the store fails', async () => {
    const { recorder, groups } = heldStore();
    let isAcknowledged = false;
    void recorder.add(three).then(() => {
      isAcknowledged = true;
    });
    const stopped = recorder.stop();
    groups[0]?.fail(new Error('gone'));
    await stopped;
    expect(isAcknowledged).toBe(false);
  });
});

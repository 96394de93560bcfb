/** What is told of a store that does not answer, and from when on. */
import { expect, it } from 'vitest';
import { createStoreWatch } from '../../ingest/store-watch.ts';

function watchOf(state: {
  oldestMs?: number;
  alarmsMs?: number;
  overdueMs?: number;
  isFailing?: boolean;
  reachable?: boolean;
}) {
  const { oldestMs = 0, alarmsMs = 0, overdueMs = 0, isFailing = false, reachable = true } = state;
  const watch = createStoreWatch({
    store: { health: () => ({ kind: 'sqlite', reachable, pending: 0, overdueMs }) },
    recorder: { isFailing: () => isFailing, oldestPendingMs: () => oldestMs },
    alarmsUnsyncedMs: () => alarmsMs,
  });
  return {
    reason: watch.health().reason,
    isFailing: watch.isFailing(),
    oldestPendingMs: watch.health().oldestPendingMs,
  };
}

it('is well while commits come in time', () => {
  expect(watchOf({ oldestMs: 4_999, alarmsMs: 4_999 })).toEqual({
    reason: null,
    isFailing: false,
    oldestPendingMs: 4_999,
  });
});

it.each(['oldestMs', 'alarmsMs'])('says from 5 s on for how long %s has waited, and fails from 15 s on', (what) => {
  const reason = 'the disk does not answer: the oldest commit has waited 5 s; nothing is acknowledged meanwhile';
  expect(watchOf({ [what]: 5_000 })).toEqual({ reason, isFailing: false, oldestPendingMs: 5_000 });
  expect(watchOf({ [what]: 14_999 }).isFailing).toBe(false);
  expect(watchOf({ [what]: 15_000 }).isFailing).toBe(true);
});

it('says that a thread does not answer, and fails where it has not for 15 s', () => {
  const reason = 'a thread of the store has not answered for 12 s';
  expect(watchOf({ overdueMs: 12_000 })).toMatchObject({ reason, isFailing: false });
  expect(watchOf({ overdueMs: 15_000 }).isFailing).toBe(true);
});

it('says at once that the disk refuses, or the store is away', () => {
  expect(watchOf({ isFailing: true })).toMatchObject({
    reason: expect.stringContaining('cannot be stored'),
    isFailing: true,
  });
  expect(watchOf({ reachable: false })).toMatchObject({ reason: 'the store does not answer', isFailing: false });
});

/** What the server says of itself, beyond what ingest does. */
import { expect, it } from 'vitest';
import { healthOf } from '../../app/health.ts';

type Parts = Parameters<typeof healthOf>[0];

const STATUS = { fromMs: 0, toMs: 0, doneMs: 0, villageMs: 0, speed: 1, isPaused: false, faultCount: 0 };
const sound = {
  ingest: { health: () => ({ status: 'ok' }) },
  intake: { health: () => ({ reason: null }) },
  notify: { counts: () => ({ queued: 0 }) },
} as unknown as Parts;

it('has no word of a simulator where none runs', () => {
  expect(healthOf({ ...sound, village: null })).toMatchObject({ status: 'ok', simulator: null });
});

it('is in order while the village lives', () => {
  const village = { status: () => ({ ...STATUS, phase: 'live', failure: null }) as const };
  expect(healthOf({ ...sound, village })).toMatchObject({ status: 'ok', simulator: { phase: 'live', failure: null } });
});

it('is degraded by a village that has failed, and says why', () => {
  const village = { status: () => ({ ...STATUS, phase: 'failed', failure: 'error 110' }) as const };
  expect(healthOf({ ...sound, village })).toMatchObject({
    status: 'degraded',
    simulator: { phase: 'failed', failure: 'error 110' },
  });
});

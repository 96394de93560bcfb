import { afterEach, describe, expect, it, vi } from 'vitest';
import { startClockSync } from '../../app/clock-sync.ts';
import { temporaryFolder } from '../harness/server.ts';
import { pathWithTimedatectl } from '../harness/time-daemon.ts';

describe('what the operating system says of its clock', () => {
  afterEach(() => void vi.unstubAllEnvs());

  it.each([
    ['is taken at its word when it says no', () => pathWithTimedatectl('no'), true],
    ['is taken at its word when it says yes', () => pathWithTimedatectl('yes'), false],
    ['is no reason for doubt when it is something else', () => pathWithTimedatectl('perhaps'), false],
    ['is no reason for doubt where nobody can be asked', temporaryFolder, false],
  ])('%s', async (_, path, isUnsynchronised) => {
    vi.stubEnv('PATH', path());
    const sync = await startClockSync();
    sync.stop();
    expect(sync.isUnsynchronised()).toBe(isUnsynchronised);
  });
});

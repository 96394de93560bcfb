import { afterEach, describe, expect, it, vi } from 'vitest';
import { startClockSync } from '../../app/clock-sync.ts';
import { temporaryFolder } from '../harness/server.ts';
import { pathWithFailingTimedatectl, pathWithTimedatectl } from '../harness/time-daemon.ts';

const NO_SYSTEMD = "System has not been booted with systemd as init system (PID 1). Can't operate.";

describe('what the operating system says of its clock', () => {
  afterEach(() => void vi.unstubAllEnvs());

  it.each([
    ['is taken at its word when it says no', () => pathWithTimedatectl('no'), 'unsynchronised'],
    ['is taken at its word when it says yes', () => pathWithTimedatectl('yes'), 'synchronised'],
    ['is not known when it is something else', () => pathWithTimedatectl('perhaps'), 'unknown'],
    ['is not known when it fails', () => pathWithFailingTimedatectl('Connection timed out'), 'unknown'],
    ['is said by nobody where there is no systemd', () => pathWithFailingTimedatectl(NO_SYSTEMD), 'nobody'],
    ['is said by nobody where there is no such command', temporaryFolder, 'nobody'],
  ])('%s', async (_, path, state) => {
    vi.stubEnv('PATH', path());
    const sync = await startClockSync();
    sync.stop();
    expect(sync.state()).toBe(state);
  });
});

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { startBridgeClock } from '../../app/bridge-clock.ts';
import type { ClockTrust } from '../../model/bridge-file.ts';
import { eventually, temporaryFolder } from '../harness/server.ts';
import { pathWithFailingTimedatectl, pathWithTimedatectl, pathWithTimedatectlOf } from '../harness/time-daemon.ts';

async function startClock(trust: ClockTrust, path: string) {
  vi.stubEnv('PATH', path);
  const clock = await startBridgeClock(trust);
  onTestFinished(clock.stop);
  return clock;
}

describe('the clock of the computer of a bridge', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.useRealTimers();
  });

  it.each<[ClockTrust, string, () => string, string | null]>([
    ['auto', 'is synchronised', () => pathWithTimedatectl('yes'), 'ntp'],
    ['auto', 'is not synchronised', () => pathWithTimedatectl('no'), null],
    ['auto', 'is asked in vain', () => pathWithFailingTimedatectl('Connection timed out'), null],
    ['auto', 'has nobody to ask', temporaryFolder, 'unverified'],
    ['ntp', 'is synchronised', () => pathWithTimedatectl('yes'), 'ntp'],
    ['ntp', 'has nobody to ask', temporaryFolder, null],
    ['rtc', 'is not synchronised', () => pathWithTimedatectl('no'), 'rtc'],
    ['rtc', 'is synchronised', () => pathWithTimedatectl('yes'), 'ntp'],
  ])('with "clock: %s" that %s', async (trust, _, path, source) => {
    const clock = await startClock(trust, path());
    expect([clock.source(), clock.isSet()]).toEqual([source, source !== null]);
  });

  it('is not believed before the release of the program, whatever the system says', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2026-01-01') });
    const clock = await startClock('rtc', pathWithTimedatectl('yes'));
    expect(clock.isSet()).toBe(false);
  });

  it('is asked for again until it is set, and stays so when the network is away again', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const answer = join(temporaryFolder(), 'answer');
    const say = (text: string) => writeFileSync(answer, text);
    const untilAsked = (times: number) =>
      eventually(
        () => readFileSync(`${answer}.asked`).length,
        (count) => count === times,
      );
    say('no');
    const clock = await startClock('auto', pathWithTimedatectlOf(answer));
    expect(clock.isSet()).toBe(false);
    say('yes');
    vi.advanceTimersByTime(60_000);
    await eventually(clock.source, (source) => source === 'ntp');
    say('no');
    for (const asked of [3, 4]) {
      vi.advanceTimersByTime(60_000);
      await untilAsked(asked);
    }
    expect(clock.source()).toBe('ntp');
  });
});

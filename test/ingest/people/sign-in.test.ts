import { randomBytes, scryptSync } from 'node:crypto';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { createAttempts } from '../../../ingest/people/attempts.ts';
import type { KeptPassword } from '../../../ingest/people/password.ts';
import { createPasswordQueue } from '../../../ingest/people/password-queue.ts';
import { createSignIn, type SignInGate } from '../../../ingest/people/sign-in.ts';

const PASSWORD = 'жашыруун сөз';
const HOME = '10.0.0.7';
const ATTACKER = '10.0.0.66';

/** As `keepPassword` keeps it, but quick to try. */
function keep(): KeptPassword {
  const [salt, cost] = [randomBytes(16), 64];
  return { salt, cost, hash: scryptSync(PASSWORD.normalize('NFC'), salt, 32, { N: cost, r: 8, p: 1 }) };
}

describe('signing in', () => {
  let kept: KeptPassword;
  let uptimeMs: number;
  let signIn: SignInGate['try'];
  let slept: number[];

  beforeEach(() => {
    kept = keep();
    uptimeMs = 1_000;
    slept = [];
    ({ try: signIn } = createSignIn({
      uptimeMs: () => uptimeMs,
      async sleep(ms) {
        slept.push(ms);
        uptimeMs += ms;
      },
    }));
  });

  const at = (address: string, password: string, { name = 'aida', device = null as string | null } = {}) =>
    signIn({ name, password, from: { address, device }, kept });
  async function guess(times: number, address = ATTACKER, name = 'aida'): Promise<string[]> {
    const kinds: string[] = [];
    for (let i = 0; i < times; i++) kinds.push((await at(address, `guess ${i}`, { name })).kind);
    return kinds;
  }
  async function deviceOf(address: string): Promise<string> {
    const outcome = await at(address, PASSWORD);
    if (outcome.kind !== 'right') throw new Error(outcome.kind);
    return outcome.device;
  }

  it('is not refused for what somebody else has tried in that name from elsewhere', async () => {
    await deviceOf(HOME);
    await guess(100);
    expect(await at(HOME, PASSWORD)).toMatchObject({ kind: 'right' });
    expect(slept.slice(-1)[0] ?? 0).toBeLessThanOrEqual(2_000);
    // And from where they never were before.
    expect(await at('10.0.0.9', PASSWORD)).toMatchObject({ kind: 'right' });
  });

  it('is not refused where it was done before, however many try there at once', async () => {
    await deviceOf(HOME);
    const wrong = Promise.all(Array.from({ length: 30 }, (_, i) => at(HOME, `guess ${i}`)));
    const right = at(HOME, PASSWORD);
    expect(await right).toMatchObject({ kind: 'right' });
    expect((await wrong).every(({ kind }) => kind === 'refused')).toBe(true);
    expect(Math.max(...slept)).toBeLessThanOrEqual(2_000);
  });

  it('is not refused on a device it was done on before, whatever others try behind the same address', async () => {
    const device = await deviceOf(HOME);
    await guess(20, HOME);
    await guess(20, ATTACKER);
    slept = [];
    expect(await at(ATTACKER, PASSWORD)).toMatchObject({ kind: 'too-many' });
    expect(await at(ATTACKER, PASSWORD, { device })).toMatchObject({ kind: 'right', device });
    expect(await at(HOME, PASSWORD, { device })).toMatchObject({ kind: 'right', device });
    expect(slept).toEqual([]);
  });

  it('is slowed a moment, not refused, at an address it was done from before, also without what the device keeps', async () => {
    await deviceOf(HOME);
    expect(new Set(await guess(50, HOME))).toEqual(new Set(['refused']));
    expect(await at(HOME, PASSWORD)).toMatchObject({ kind: 'right' });
    expect(Math.max(...slept)).toBe(2_000);
  });

  it('is refused to who guesses, for ever longer, up to five minutes', async () => {
    expect(await guess(5)).toEqual(Array.from({ length: 5 }, () => 'refused'));
    const waits: number[] = [];
    for (let i = 0; i < 20; i++) {
      const outcome = await at(ATTACKER, 'x');
      if (outcome.kind !== 'too-many') continue;
      waits.push(outcome.waitMs);
      uptimeMs += outcome.waitMs;
    }
    expect(waits[0]).toBe(4_000);
    expect(Math.max(...waits)).toBe(300_000);
  });

  it('slows an address that tries many names, and one network of IPv6 as one address', async () => {
    const kinds: string[] = [];
    for (let i = 0; i < 60; i++) kinds.push((await at(`2001:db8:0:7:${i}::1`, 'x', { name: `name-${i}` })).kind);
    expect(kinds.filter((kind) => kind === 'refused').length).toBeLessThan(25);
    expect(await at('2001:db8:0:8::1', 'x', { name: 'name-1' })).toMatchObject({ kind: 'refused' });
  });

  it('cannot be guessed at by many tries at once', async () => {
    const outcomes = await Promise.all(Array.from({ length: 50 }, (_, i) => at(ATTACKER, `guess ${i}`)));
    expect(outcomes.filter(({ kind }) => kind === 'refused').length).toBeLessThanOrEqual(7);
  });

  it.each([
    ['made up', () => 'AAAAAAAAAAAAAAAA.AAAA'],
    ['of another person', (device: string) => device],
    ['tampered with', (device: string) => `x${device}`],
    ['without a signature', (device: string) => device.split('.')[0] ?? ''],
  ])('takes no device for known that is %s', async (what, forge) => {
    const device = forge(await deviceOf(HOME));
    const name = what === 'of another person' ? 'bek' : 'aida';
    await guess(30, ATTACKER, name);
    expect(await at(ATTACKER, PASSWORD, { name, device })).toMatchObject({ kind: 'too-many' });
  });

  it('knows no device any more after a new password', async () => {
    const device = await deviceOf(HOME);
    await guess(30);
    kept = keep();
    expect(await at(ATTACKER, PASSWORD, { device })).toMatchObject({ kind: 'too-many' });
  });
});

it('tries two passwords at a time, those of known people first, and refuses strangers beyond a few', async () => {
  const queue = createPasswordQueue({ atOnce: 2, waiting: 3 });
  const began: string[] = [];
  const ends: (() => void)[] = [];
  const attempt = (name: string) => () => {
    began.push(name);
    return new Promise<boolean>((resolve) => ends.push(() => resolve(true)));
  };
  for (const name of ['s1', 's2', 's3', 's4', 's5']) void queue.try(false, attempt(name));
  expect(queue.try(false, attempt('s6'))).toBeNull();
  void queue.try(true, attempt('known'));
  expect(began).toEqual(['s1', 's2']);
  for (let i = 0; i < 6; i++) {
    ends[i]?.();
    await new Promise(setImmediate);
  }
  expect(began).toEqual(['s1', 's2', 'known', 's3', 's4', 's5']);
});

it('begins no further password once it is closed, however many are in line', async () => {
  const queue = createPasswordQueue({ atOnce: 1, waiting: 9 });
  let begun = 0;
  let end = (): void => undefined;
  const attempt = () => {
    begun++;
    return new Promise<boolean>((resolve) => {
      end = () => resolve(true);
    });
  };
  const tries = [queue.try(false, attempt), queue.try(false, attempt), queue.try(true, attempt)];
  queue.close();
  expect(queue.try(true, attempt)).toBeNull();
  end();
  expect(await Promise.all(tries)).toEqual([true, false, false]);
  expect(begun).toBe(1);
});

it('lets no order of tries through faster than the wait that has grown', () => {
  const steps = fc.array(fc.nat(20_000), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(steps, (pauses) => {
      let nowMs = 0;
      const attempts = createAttempts(() => nowMs);
      const counted = [{ key: 'k', free: 5, mostMs: 60_000 }];
      const begins: number[] = [];
      for (const pauseMs of pauses) {
        nowMs += pauseMs;
        const { isTaken, waitMs } = attempts.take(counted, 3_000);
        if (isTaken) begins.push(nowMs + waitMs);
      }
      begins.forEach((begin, i) => {
        const before = begins[i - 1];
        if (before === undefined || i < 5 || begin - before > 60_000) return;
        expect(begin - before).toBeGreaterThanOrEqual(Math.min(60_000, 1_000 * 2 ** (i - 5)));
      });
    }),
  );
});

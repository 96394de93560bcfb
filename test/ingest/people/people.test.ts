import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openPeople, type People } from '../../../ingest/people/people.ts';
import { may, type Person, parsePerson, ROLES } from '../../../model/person.ts';

const DAY_MS = 86_400_000;
let folder = '';
let nowMs = 1_790_000_000_000;
let people: People;

let uptimeMs = 0;
/** A try that waits for its turn takes no time here, and the clock that only goes on goes on by as much. */
const timing = {
  uptimeMs: () => uptimeMs,
  sleep: async (ms: number) => {
    uptimeMs += ms;
  },
};
const open = (): People => openPeople(join(folder, 'people.db'), () => nowMs, { timing });
const HERE = { address: '10.0.0.7', device: null };
const person = (facts: object = {}): Person => {
  const parsed = parsePerson({ name: 'aida', role: 'operator', ...facts });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return parsed.value;
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aimak-people-'));
  people = open();
});

afterEach(() => {
  people.close();
  rmSync(folder, { recursive: true });
});

async function signedIn(): Promise<string> {
  const result = await people.signIn('aida', 'жашыруун сөз', HERE);
  if (result.kind !== 'signed-in') throw new Error(result.kind);
  return result.token;
}

describe('people', () => {
  it('sign in with their password only, and are told alike whether the name or the password is wrong', async () => {
    await people.put(person(), 'жашыруун сөз');
    expect(await people.signIn('aida', 'жашыруун сөз', HERE)).toMatchObject({ kind: 'signed-in' });
    expect(await people.signIn('aida', 'башка', HERE)).toEqual({ kind: 'refused' });
    expect(await people.signIn('bakyt', 'жашыруун сөз', HERE)).toEqual({ kind: 'refused' });
  });

  it('without a password cannot sign in', async () => {
    await people.put(person(), null);
    expect(await people.signIn('aida', '', HERE)).toEqual({ kind: 'refused' });
  });

  it('stay signed in over a restart, and 30 days after they were last here', async () => {
    await people.put(person(), 'жашыруун сөз');
    const token = await signedIn();
    people.close();
    people = open();
    nowMs += 29 * DAY_MS;
    expect(people.ofSession(token)?.name).toBe('aida');
    nowMs += 29 * DAY_MS;
    expect(people.ofSession(token)?.name).toBe('aida');
    nowMs += 31 * DAY_MS;
    expect(people.ofSession(token)).toBeUndefined();
  });

  it('are signed out by themselves, by a new password, and when they are removed', async () => {
    await people.put(person(), 'жашыруун сөз');
    const first = await signedIn();
    people.signOut(first);
    expect(people.ofSession(first)).toBeUndefined();
    const second = await signedIn();
    await people.put(person(), 'жашыруун сөз');
    expect(people.ofSession(second)).toBeUndefined();
    const third = await signedIn();
    expect(people.remove('aida')).toBe(true);
    expect(people.ofSession(third)).toBeUndefined();
    expect(people.remove('aida')).toBe(false);
  });

  it('keep their password and session when something else about them changes', async () => {
    await people.put(person(), 'жашыруун сөз');
    const token = await signedIn();
    await people.put(person({ role: 'engineer' }), null);
    expect(people.ofSession(token)?.role).toBe('engineer');
    await signedIn();
  });

  it('are known on their device after they have signed in, over a restart too, whatever others try meanwhile', async () => {
    await people.put(person(), 'жашыруун сөз');
    const result = await people.signIn('aida', 'жашыруун сөз', HERE);
    const device = result.kind === 'signed-in' ? result.device : null;
    people.close();
    people = open();
    for (let i = 0; i < 12; i++) await people.signIn('aida', 'башка', HERE);
    expect(await people.signIn('aida', 'жашыруун сөз', HERE)).toMatchObject({ kind: 'too-many' });
    nowMs -= 10 * DAY_MS;
    expect(await people.signIn('aida', 'жашыруун сөз', { ...HERE, device })).toMatchObject({ kind: 'signed-in' });
  });

  it('leave neither password nor token in the file', async () => {
    await people.put(person(), 'plain-password');
    const result = await people.signIn('aida', 'plain-password', HERE);
    people.close();
    const bytes = readFileSync(join(folder, 'people.db'), 'latin1');
    expect(bytes).toContain('aida');
    expect(bytes).not.toContain('plain-password');
    expect(bytes).not.toContain(result.kind === 'signed-in' ? result.token : '');
    people = open();
  });

  it('come in the order of their turn', async () => {
    for (const facts of [{ name: 'zarina' }, { name: 'bakyt', turn: 2 }, { name: 'aida', turn: 1 }])
      await people.put(person(facts), null);
    expect(people.list().map(({ name }) => name)).toEqual(['aida', 'bakyt', 'zarina']);
  });
});

describe('roles', () => {
  it.each([
    ['viewer', []],
    ['technician', ['acknowledge', 'excuse']],
    ['operator', ['acknowledge', 'excuse', 'shelve', 'plan-works', 'reset']],
  ] as const)('a %s may %j', (role, actions) => {
    const all = [
      'acknowledge',
      'excuse',
      'shelve',
      'plan-works',
      'reset',
      'take-out-of-service',
      'manage-people',
    ] as const;
    expect(all.filter((action) => may(role, action))).toEqual(actions);
  });

  it('each may do what those below it may', () => {
    expect(ROLES.map((role) => may(role, 'manage-people'))).toEqual([false, false, false, false, true]);
  });
});

describe('what is said of a person', () => {
  it.each([
    [{ name: 'Aida' }, 'name'],
    [{ role: 'boss' }, 'role'],
    [{ addresses: { sms: '0555 123456' } }, 'sms'],
    [{ addresses: { email: 'a@x.kg, b@x.kg' } }, 'email'],
    [{ addresses: { fax: '1' } }, 'fax'],
    [{ hours: { from: '7:00', to: '24:00' } }, 'hours'],
    [{ turn: 0 }, 'turn'],
  ])('%j is refused, by name', (facts, what) => {
    const parsed = parsePerson({ name: 'aida', role: 'operator', ...facts });
    expect(parsed.ok ? '' : JSON.stringify(parsed.faults)).toContain(what);
  });
});

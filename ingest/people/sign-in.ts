/** Whether a try to sign in is let through, when, and whether its password is right (contract 3.7). */
import { setTimeout as delay } from 'node:timers/promises';
import { networkOf } from '../../model/network.ts';
import { type Counted, createAttempts } from './attempts.ts';
import { createKnownPlaces, deviceTokenFor, knownDevice, type Place } from './known-devices.ts';
import { isPassword, type KeptPassword } from './password.ts';
import { createPasswordQueue } from './password-queue.ts';

export interface Timing {
  /** Only goes on. */
  uptimeMs(): number;
  sleep(ms: number): Promise<void>;
}

export const REAL_TIMING: Timing = {
  uptimeMs: () => performance.now(),
  sleep: (ms) => delay(ms, undefined, { ref: false }),
};

interface Attempt {
  readonly name: string;
  readonly password: string;
  readonly from: Place;
  /** Null: there is no such person, or none with a password. */
  readonly kept: KeptPassword | null;
}

type AttemptOutcome =
  /** `device`: by what this device is known from now on. */
  | { readonly kind: 'right'; readonly device: string }
  | { readonly kind: 'refused' }
  | { readonly kind: 'too-many'; readonly waitMs: number };

export interface SignInGate {
  try(attempt: Attempt): Promise<AttemptOutcome>;
  /** Tries no further password. */
  close(): void;
}

/** A try whose turn comes sooner waits for it, and is answered then. */
const PATIENCE_MS = 3_000;
/** Of who is known here. */
const KNOWN_WAIT_MS = 2_000;
const QUEUE_FULL_MS = 1_000;
const MINUTE_MS = 60_000;

/**
 * Slowed by where it comes from, never by the name alone: else anybody could lock anybody out. Who has signed in from
 * there before waits a moment at most, and is not counted with the others behind that address.
 */
export function createSignIn({ uptimeMs, sleep }: Timing): SignInGate {
  const attempts = createAttempts(uptimeMs);
  const places = createKnownPlaces();
  // Two of the four threads stay free for files.
  const queue = createPasswordQueue({ atOnce: 2, waiting: 50 });

  function countedOf({ name, from, kept }: Attempt): { counted: readonly Counted[]; own: string; isKnown: boolean } {
    const network = networkOf(from.address);
    const place = `${name} from ${network}`;
    const device = knownDevice(name, kept, from.device);
    const own = device === null ? place : `${name} on ${device}`;
    if (device !== null || places.has(place)) {
      return { counted: [{ key: own, free: 5, mostMs: KNOWN_WAIT_MS }], own, isKnown: true };
    }
    const strangers = [
      { key: own, free: 5, mostMs: 5 * MINUTE_MS },
      { key: network, free: 20, mostMs: MINUTE_MS },
    ];
    return { counted: strangers, own, isKnown: false };
  }

  /** However many try at once from a place that is known: that is no reason to keep out who belongs there. */
  function takeTurn(counted: readonly Counted[], isKnown: boolean): ReturnType<typeof attempts.take> {
    if (!isKnown) return attempts.take(counted, PATIENCE_MS);
    const { waitMs } = attempts.take(counted, Number.POSITIVE_INFINITY);
    return { isTaken: true, waitMs: Math.min(waitMs, KNOWN_WAIT_MS) };
  }

  async function tryIt(attempt: Attempt): Promise<AttemptOutcome> {
    const { name, password, from, kept } = attempt;
    const { counted, own, isKnown } = countedOf(attempt);
    const { isTaken, waitMs } = takeTurn(counted, isKnown);
    if (!isTaken) return { kind: 'too-many', waitMs };
    if (waitMs > 0) await sleep(waitMs);
    const trying = queue.try(isKnown, () => isPassword(password, kept));
    if (trying === null) return { kind: 'too-many', waitMs: QUEUE_FULL_MS };
    if (!(await trying) || !kept) return { kind: 'refused' };
    attempts.succeeded(counted, [own]);
    places.add(`${name} from ${networkOf(from.address)}`);
    const isDeviceKnown = knownDevice(name, kept, from.device) !== null;
    return { kind: 'right', device: isDeviceKnown && from.device ? from.device : deviceTokenFor(name, kept) };
  }

  return { try: tryIt, close: queue.close };
}

/** From where somebody has signed in before: what a stranger tries in their name must not keep them out. */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { KeptPassword } from './password.ts';

export interface Place {
  readonly address: string;
  /** What an earlier sign-in of this person left on the device. */
  readonly device: string | null;
}

/**
 * A device is known by what it was given: nothing of it is kept here. It is signed with what only `people.db` knows of
 * the person, and so ends with the password.
 */
export function deviceTokenFor(name: string, kept: KeptPassword): string {
  const id = randomBytes(12).toString('base64url');
  return `${id}.${sign(name, id, kept).toString('base64url')}`;
}

/** The id of the device, or null where it is not known. */
export function knownDevice(name: string, kept: KeptPassword | null, token: string | null): string | null {
  const [id = '', signature = ''] = token?.split('.') ?? [];
  if (!kept || id === '') return null;
  const given = Buffer.from(signature, 'base64url');
  const right = sign(name, id, kept);
  return given.length === right.length && timingSafeEqual(given, right) ? id : null;
}

function sign(name: string, id: string, { salt, hash }: KeptPassword): Buffer {
  return createHmac('sha256', Buffer.concat([salt, hash]))
    .update(`aimak device ${name} ${id}`)
    .digest();
}

const MAX_PLACES = 1_000;

/** Networks from which somebody has signed in since the start, for devices that keep nothing. */
export function createKnownPlaces() {
  const places = new Set<string>();
  return {
    has: (place: string): boolean => places.has(place),
    add(place: string): void {
      places.delete(place);
      places.add(place);
      for (const oldest of places) {
        if (places.size <= MAX_PLACES) break;
        places.delete(oldest);
      }
    },
  };
}

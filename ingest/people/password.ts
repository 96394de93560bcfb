/** Passwords as they are kept: never themselves, and slow to try. */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

export interface KeptPassword {
  readonly salt: Uint8Array;
  readonly hash: Uint8Array;
  /** Cost of scrypt, kept beside each so that it can grow. */
  readonly cost: number;
}

/** 2^15: some 45 ms and 32 MiB a try on a small server. */
const COST = 32_768;
const BLOCK = 8;
const BYTES = 32;

export async function keepPassword(password: string): Promise<KeptPassword> {
  const salt = randomBytes(16);
  return { salt, cost: COST, hash: await derive(password, salt, COST) };
}

/** Takes as long for a name that is not there (`null`): who tries names learns nothing. */
export async function isPassword(password: string, kept: KeptPassword | null): Promise<boolean> {
  const { salt, hash, cost } = kept ?? NOBODY;
  const given = await derive(password, salt, cost);
  return timingSafeEqual(given, hash) && kept !== null;
}

const NOBODY: KeptPassword = { salt: new Uint8Array(16), hash: new Uint8Array(BYTES), cost: COST };

function derive(password: string, salt: Uint8Array, cost: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const options = { N: cost, r: BLOCK, p: 1, maxmem: 256 * cost * BLOCK };
    // The same letters may come composed or not, by the keyboard: Kyrgyz й is one or two characters.
    scrypt(password.normalize('NFC'), salt, BYTES, options, (error, key) => (error ? reject(error) : resolve(key)));
  });
}

/**
 * Noise without memory: a value is a hash of a key and a time, so a restarted simulator measures the same again.
 * Keys are made once per series; the rest runs per reading.
 */

/** 32 bits of a text, for `gauss` and the others. `seed` makes another village of the same names. */
export function noiseKey(seed: number, text: string): number {
  let hash = 0x811c9dc5 ^ scramble(seed | 0);
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return scramble(hash);
}

/** Keys of everything that belongs to `owner`, each made once: they are asked for with every reading. */
export function noiseKeys(seed: number, owner: string): (name: string) => number {
  const keys = new Map<string, number>();
  return (name) => {
    const known = keys.get(name);
    if (known !== undefined) return known;
    const key = noiseKey(seed, `${owner}/${name}`);
    keys.set(name, key);
    return key;
  };
}

/** Even over [0, 1). `n` is any whole number up to 2^53, such as epoch ms. */
export function uniform(key: number, n: number): number {
  return hash32(key, n) / 0x1_0000_0000;
}

/** Mean 0, standard deviation 1, and never beyond 3.5: a sensor's noise has no wild tails, those would be faults. */
export function gauss(key: number, n: number): number {
  const a = hash32(key, n);
  const b = scramble(a ^ 0x9e3779b9);
  const sum = (a & 0xffff) + (a >>> 16) + (b & 0xffff) + (b >>> 16);
  return (sum / 0x1_0000 - 2) * Math.sqrt(3);
}

/** Like `gauss`, but wandering: a new value every `periodMs`, with an even way between. */
export function wander(key: number, atMs: number, periodMs: number): number {
  const step = Math.floor(atMs / periodMs);
  const f = atMs / periodMs - step;
  const ease = f * f * (3 - 2 * f);
  return gauss(key, step) * (1 - ease) + gauss(key, step + 1) * ease;
}

function hash32(key: number, n: number): number {
  return scramble(scramble(key ^ (n >>> 0)) ^ Math.floor(n / 0x1_0000_0000));
}

/** The finaliser of murmur3: every bit of the input moves every bit of the result. */
function scramble(value: number): number {
  let h = value ^ (value >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Readings of the past, worked out and not remembered: whoever checks an answer works them out again. */

export interface Past {
  readonly devices: readonly string[];
  readonly metrics: readonly string[];
  /** Of a series. */
  readonly readings: number;
  readonly everyMs: number;
  /** No reading is later. */
  readonly untilMs: number;
}

const DAY_MS = 86_400_000;

/** Devices report in whole seconds, each at its own second of the interval. */
export function pastTs(past: Past, device: number, i: number): number {
  const { everyMs, readings, untilMs } = past;
  const last = Math.floor(untilMs / everyMs) * everyMs - everyMs + ((device * 17_000) % everyMs);
  return last - (readings - 1 - i) * everyMs;
}

/** A day's wave with a little noise, in the 0.001 of a usual sensor. */
export function pastValue(device: number, metric: number, ts: number): number {
  const wave = Math.sin((ts / DAY_MS) * 2 * Math.PI + device);
  const noise = hash(device * 3 + metric, ts) * 0.02;
  return Math.round((2.5 + metric * 0.5 + wave + noise) * 1_000) / 1_000;
}

/** -1 to 1. */
function hash(seed: number, ts: number): number {
  let h = Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(ts / 1_000, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  h = Math.imul(h ^ (h >>> 12), 0x297a2d39);
  return ((h ^ (h >>> 15)) >>> 0) / 2 ** 31 - 1;
}

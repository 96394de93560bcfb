/**
 * Little memory at rest, speed under load (ADR 0008). V8 collects early with `--optimize-for-size`, which under a flood costs
 * two thirds of the throughput; so that switch follows the load.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

export interface Load {
  /** Since the start. */
  readonly messages: number;
  readonly received: number;
}

/** Messages a second: ten thousand devices that report once a minute stay far below, and so does a back-fill. */
const BUSY_RATE = 1_500;
/** Readings a second: a back-fill, or a backlog, comes in few messages, and leaves as much behind as a flood. */
const LADEN_RATE = 5_000;
const LOOK_MS = 500;
/** So long without load before memory is given back. */
const CALM_LOOKS = 10;

/** Returns how to end it. */
export function startMemoryPolicy(load: () => Load): () => void {
  let last = load();
  let isFast = false;
  let calmLooks = CALM_LOOKS;
  const looking = setInterval(() => {
    const { messages, received } = load();
    const isBusy = messages - last.messages > (BUSY_RATE * LOOK_MS) / 1_000;
    const isLaden = received - last.received > (LADEN_RATE * LOOK_MS) / 1_000;
    last = { messages, received };
    if (isBusy && !isFast) setFlagsFromString('--no-optimize-for-size');
    isFast ||= isBusy;
    calmLooks = isBusy || isLaden ? 0 : calmLooks + 1;
    if (calmLooks !== CALM_LOOKS) return;
    isFast = false;
    giveBack();
  }, LOOK_MS);
  looking.unref();
  return () => clearInterval(looking);
}

/** Once after a flood, or a start: what it left behind would otherwise stay until the next one. */
export function giveBack(): void {
  setFlagsFromString('--optimize-for-size');
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')({ type: 'major', execution: 'async', flavor: 'last-resort' });
}

/**
 * Little memory at rest, speed under load (ADR 0008). V8 collects early with `--optimize-for-size`, which under a flood costs
 * two thirds of the throughput; so that switch follows the load.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Messages a second: ten thousand devices that report once a minute stay far below, and so does the demo's back-fill. */
const BUSY_RATE = 1_500;
const LOOK_MS = 500;
/** So long without load before memory is given back. */
const CALM_LOOKS = 20;

/** `messages` counts them since the start. Returns how to end it. */
export function startMemoryPolicy(messages: () => number): () => void {
  let last = messages();
  let calmLooks = CALM_LOOKS;
  const looking = setInterval(() => {
    const rate = ((messages() - last) / LOOK_MS) * 1_000;
    last = messages();
    const isBusy = rate > BUSY_RATE;
    if (isBusy && calmLooks >= CALM_LOOKS) setFlagsFromString('--no-optimize-for-size');
    calmLooks = isBusy ? 0 : calmLooks + 1;
    if (calmLooks === CALM_LOOKS) giveBack();
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

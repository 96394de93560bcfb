/**
 * Little memory at rest, speed under load (ADR 0008). V8 collects early with `--optimize-for-size`, which under a flood costs
 * two thirds of the throughput; so that switch follows the load.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Readings a second. A town of ten thousand devices that report once a minute stays far below. */
const BUSY_RATE = 6_000;
const LOOK_MS = 500;
/** So long without load before memory is given back. */
const CALM_LOOKS = 20;

/** `received` counts readings since the start. Returns how to end it. */
export function startMemoryPolicy(received: () => number): () => void {
  let last = received();
  let calmLooks = CALM_LOOKS;
  const looking = setInterval(() => {
    const rate = ((received() - last) / LOOK_MS) * 1_000;
    last = received();
    const isBusy = rate > BUSY_RATE;
    if (isBusy && calmLooks >= CALM_LOOKS) setFlagsFromString('--no-optimize-for-size');
    calmLooks = isBusy ? 0 : calmLooks + 1;
    if (calmLooks === CALM_LOOKS) giveBack();
  }, LOOK_MS);
  looking.unref();
  return () => clearInterval(looking);
}

/** Once after each flood: what it left behind would otherwise stay until the next one. */
function giveBack(): void {
  setFlagsFromString('--optimize-for-size');
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')({ type: 'major', execution: 'async', flavor: 'last-resort' });
}

/** Asks the same address on and on, as an impatient page would, and tells how long each answer took. */
import { setTimeout as delay } from 'node:timers/promises';
import { onWord, readOptions, tellParent } from './parent.ts';

const PAUSE_MS = 20;

const { url } = await readOptions<{ url: string }>();
const answersMs: number[] = [];
onWord(() => void tellParent('answers', answersMs));

async function ask(): Promise<number> {
  const at = performance.now();
  await (await fetch(url)).arrayBuffer();
  return performance.now() - at;
}

// The first pays for the connection and cold code.
for (let i = 0; i < 5; i++) await ask();
await tellParent('asking');
for (;;) {
  answersMs.push(await ask());
  await delay(PAUSE_MS);
}

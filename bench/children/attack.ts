/** One attack, in a process of its own: what it costs the attacker slows nobody whom the bench watches. */
import { allAttacks } from '../hostile/all-attacks.ts';
import type { Target } from '../hostile/attack.ts';
import { onWord, readOptions, tellParent } from './parent.ts';

const { name, target } = await readOptions<{ name: string; target: Target }>();
const ending = new AbortController();
onWord(() => ending.abort());
const attack = (await allAttacks()).find((each) => each.name === name);
if (!attack) throw new Error(`no attack ${name}`);
await tellParent('done', await attack.run(target, ending.signal));
process.exit(0);

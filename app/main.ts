/** Behind `start.js`: fits Node to a small computer, and runs what is asked for (ADR 0008). */
import { setFlagsFromString } from 'node:v8';
import { endWithNpm } from './npm-chain.ts';

// First: what ends while the rest is read must be noticed, too.
endWithNpm(process.env);

// A fortnight's back-fill left 150 MB of garbage that nothing collects at rest; V8 collects earlier so.
setFlagsFromString('--optimize-for-size');
// mqtt-packet keeps two bytes of a pool for good, for every message length it meets: 64 KiB pools made that 20 MB.
Buffer.poolSize = 8 * 1024;

const { runCommand } = await import('./cli.ts');
await runCommand(process.argv.slice(2), process.env);

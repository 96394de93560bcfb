/** Entry for services and tests (`node app/main.ts`); people come through `start.js`. Fits Node to a small computer. */
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';

// A fortnight's back-fill left 150 MB of garbage that nothing collects at rest; V8 collects earlier so.
setFlagsFromString('--optimize-for-size');
// mqtt-packet keeps two bytes of a pool for good, for every message length it meets: 64 KiB pools made that 20 MB.
Buffer.poolSize = 8 * 1024;
// Compiled code is kept between starts, for the threads too: one that need not strip types itself saves 15 MB.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, '../node_modules/.cache/aimak-watch');
enableCompileCache(process.env.NODE_COMPILE_CACHE);

const { runCommand } = await import('./cli.ts');
await runCommand(process.argv.slice(2), process.env);

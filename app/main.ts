/**
 * Entry for services and tests (`node app/main.ts`); people come through `start.js`.
 * Compiled code is kept between starts, for the threads too: a thread that need not strip types itself saves 15 MB.
 */
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, '../node_modules/.cache/aimak-watch');
enableCompileCache(process.env.NODE_COMPILE_CACHE);

const { runCommand } = await import('./cli.ts');
await runCommand(process.argv.slice(2), process.env);

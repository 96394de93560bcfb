/** Loads all that a bridge needs, that of its thread too, and ends: then it is in the compile cache (`fill-cache.js`). */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// By the same way, since code that was compiled under other flags is no use.
process.argv.splice(2, Number.POSITIVE_INFINITY, 'bridge', '--help');
await import('./main.ts');
const { openOutbox } = await import('../link/outbox.ts');
const folder = mkdtempSync(join(tmpdir(), 'aimak-bridge-'));
const outbox = await openOutbox({ file: join(folder, 'outbox.db'), maxBytes: 1e6 });
await outbox.stop();
rmSync(folder, { recursive: true });

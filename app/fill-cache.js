// Plain JavaScript: it runs before any TypeScript is read.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Has a process that ends compile the bridge, once a release. What strips types and compiles would otherwise stay in the
 * memory of the very first start until the next one: 25 MB.
 */
export function fillCache(cacheDir) {
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8'));
  const marker = join(cacheDir, `bridge-${version}-${process.version}`);
  if (existsSync(marker)) return;
  try {
    mkdirSync(cacheDir, { recursive: true });
    writeFileSync(marker, '');
  } catch {
    // Nothing can be kept there: then it works with more memory.
    return;
  }
  spawnSync(process.execPath, [join(import.meta.dirname, 'compile-bridge.ts')], { stdio: 'ignore' });
}

import { readdir, readFile, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

const COMPRESSIBLE = new Set(['.html', '.js', '.css', '.svg']);

/** Writes `.br` and `.gz` beside each asset once, so that a small server never compresses while it serves. */
function precompress(): Plugin {
  let outDir = '';
  return {
    name: 'precompress',
    apply: 'build',
    configResolved(config) {
      outDir = join(config.root, config.build.outDir);
    },
    async closeBundle() {
      for (const entry of await readdir(outDir, { recursive: true })) {
        if (!COMPRESSIBLE.has(extname(entry))) continue;
        const path = join(outDir, entry);
        const source = await readFile(path);
        const best = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } };
        await writeFile(`${path}.br`, await promisify(brotliCompress)(source, best));
        await writeFile(`${path}.gz`, await promisify(gzip)(source, { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  root: import.meta.dirname,
  base: './',
  plugins: [precompress()],
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  // Phones of Android 8 and later; colours in OKLCH get an sRGB fallback from the CSS compiler.
  build: { target: ['chrome100', 'safari15', 'firefox100'], outDir: 'dist', emptyOutDir: true, modulePreload: false },
});

#!/usr/bin/env node
// Plain JavaScript, so that even a Node that cannot read TypeScript gets to say so.
const [major] = process.versions.node.split('.').map(Number);
if (major < 24) {
  process.stderr.write(
    `Aimak Watch needs Node 24 or later, this is ${process.versions.node}. ` +
      'Run "npm ci" and start it with "npm start": a fitting Node comes with the packages.\n',
  );
  process.exit(1);
}
// Before any TypeScript is read: what strips its types takes 12 MB, and each thread 15 MB more; neither is needed for what
// was kept of the last start.
const { enableCompileCache } = await import('node:module');
process.env.NODE_COMPILE_CACHE ??= `${import.meta.dirname}/../node_modules/.cache/aimak-watch`;
if (process.argv[2] === 'bridge') (await import('./fill-cache.js')).fillCache(process.env.NODE_COMPILE_CACHE);
enableCompileCache(process.env.NODE_COMPILE_CACHE);
await import('./main.ts');
